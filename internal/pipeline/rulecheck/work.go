package rulecheck

import (
	"errors"
	"strings"
)

// maxWork bounds the work of evaluating the queries of one configuration, in
// steps of about 100 ns, so that it ends in the same place on every machine.
// 2,000 different queries like the guide's need nine tenths of it.
const maxWork = 14_000_000

// maxParsing bounds the work of parsing one query.
const maxParsing = 1_000_000

// maxQueryWork bounds what one query reads, in samples, and runWork is what it costs
// beside that to run it once.
const (
	maxQueryWork = 200_000
	runWork      = 1_000
)

// executionWork is the work of making a query from its template.
const executionWork = 50

var errWork = errors.New("the queries of the configuration need too much work")

// queryWork is the work of parsing a query: by its length, and
// by the square of how deep it may be, which is how the parser checks it.
func queryWork(query string) int {
	deep := strings.Count(query, "or") + strings.Count(query, "and") + strings.Count(query, "unless")
	for i := range len(query) {
		switch query[i] {
		case '+', '-', '*', '/', '%', '^', '(', '[', '=', '!', '<', '>':
			deep++
		}
	}
	return 50 + len(query) + deep*deep/4
}
