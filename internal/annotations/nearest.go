package annotations

import (
	"fmt"
	"slices"
	"strings"
)

// suggest names the known key that was probably meant, or all of them.
func suggest(name string) string {
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Name)
	}
	if best, ok := Nearest(name, names); ok {
		return fmt.Sprintf(": did you mean %s?", best)
	}
	known := make([]string, 0, len(keysByName))
	for name, k := range keysByName {
		if !k.Written {
			known = append(known, strings.TrimPrefix(name, Prefix))
		}
	}
	slices.Sort(known)
	return fmt.Sprintf(": known after %s are %s", Prefix, strings.Join(known, ", "))
}

// Nearest returns the candidate with the smallest edit distance to name, the first of
// several; ok is false if none is near.
func Nearest(name string, candidates []string) (best string, ok bool) {
	distance := 4
	for _, c := range candidates {
		if d := editDistance(name, c); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// editDistance is the Levenshtein distance in bytes; keys longer than 100 bytes are far from all.
func editDistance(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
