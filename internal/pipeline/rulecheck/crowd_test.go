package rulecheck

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// FuzzCrowd judges random queries, and holds the verdict against what Prometheus' engine
// gives for the Service beside a random crowd.
func FuzzCrowd(f *testing.F) {
	for seed := range uint64(10) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := queries{rand.New(rand.NewPCG(seed, 0))}
		for range 40 {
			query := g.vector(1 + g.IntN(3))
			doc := "rules:\n" + entry{query: strings.ReplaceAll(query, "'", "''")}.String()
			v := Explain(mustParse(t, doc), echo())
			for range 3 {
				c := newCrowd(g)
				samples, err := c.query(t, v.Query.Expr)
				if found := disagrees(v, c.latency, samples, err); found != "" {
					t.Errorf("%s\nis %s, %s, and %s\nbeside %v", v.Query.Expr, v.Answer, v.Kind, found, c.names)
				}
			}
		}
	})
}

// disagrees says how a verdict is contradicted; empty if it is not. Of the kinds that are not
// the latency always, one crowd may happen not to show it.
func disagrees(v Verdict, latency float64, samples promql.Vector, err error) string {
	hits, right, rounded := 0, 0, 0
	for _, s := range samples {
		if s.Metric.Get("exported_service") != "echo" {
			continue
		}
		hits++
		if math.Abs(s.F-latency) < 1e-4*latency {
			right++
		}
		if math.Abs(s.F-latency) <= 1 { // ceil is exact enough
			rounded++
		}
	}
	switch {
	case v.Answer == Yes && (err != nil || hits == 0 || rounded < hits):
		return fmt.Sprintf("the engine gives %v, %v for %v ms", samples, err, latency)
	case v.Answer == No && right > 0 && right == hits && v.Kind != NamespaceIgnored && v.Kind != ServiceIgnored:
		return fmt.Sprintf("the engine gives the latency, %v ms", latency)
	case v.Answer == Wrong && right > 0 && right == hits && v.Given.Mixes == sim.None:
		return fmt.Sprintf("the engine gives the latency, %v ms", latency)
	}
	return ""
}

// crowd are random Services, stored as kong says, with samples of the last ten minutes.
type crowd struct {
	names   []string
	latency float64
	at      time.Time
	stored  []storage.Series
}

func newCrowd(g queries) *crowd {
	c := &crowd{at: time.Unix(1_900_000_000+int64(g.IntN(100_000)), 0)}
	for _, name := range []string{"default/echo", "other/echo", "default/web", "prod/shop", "default/idle"} {
		if name != "default/echo" && g.IntN(3) == 0 {
			continue
		}
		latency, perSecond := math.Round(3+g.Float64()*900), 1+g.Float64()*20
		switch name {
		case "default/echo":
			c.latency = latency
		case "default/idle":
			perSecond = 0
		}
		c.names = append(c.names, fmt.Sprintf("%s: %v ms, %.1f a second", name, latency, perSecond))
		namespace, service, _ := strings.Cut(name, "/")
		for _, s := range kong(namespace, service) {
			growth := perSecond
			if strings.HasSuffix(s.Name, "_sum") {
				growth *= latency
			}
			if s.Labels["le"] != "" && latency > 100 {
				growth = 0
			}
			labels := promlabels.NewBuilder(promlabels.FromMap(s.Labels)).Set(model.MetricNameLabel, s.Name).Labels()
			counter := promql.Series{Metric: labels}
			for second := -600; second <= 0; second += 5 {
				counter.Floats = append(counter.Floats, promql.FPoint{T: c.at.UnixMilli() + int64(second)*1000 - 777, F: 1e6 + growth*float64(second+600)})
			}
			c.stored = append(c.stored, promql.NewStorageSeries(counter))
		}
	}
	return c
}

func (c *crowd) query(t *testing.T, query string) (promql.Vector, error) {
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{}),
		NoStepSubqueryIntervalFn: func(int64) int64 { return 30_000 },
	})
	q, err := engine.NewInstantQuery(t.Context(), c, nil, query, c.at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	result := q.Exec(t.Context())
	if result.Err != nil {
		return nil, result.Err
	}
	return result.Vector()
}

// Querier implements storage.Queryable.
func (c *crowd) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*promlabels.Matcher) storage.SeriesSet {
		found := &found{SeriesSet: storage.EmptySeriesSet()}
		for _, s := range c.stored {
			matches := true
			for _, m := range matchers {
				matches = matches && m.Matches(s.Labels().Get(m.Name))
			}
			if matches {
				found.left = append(found.left, s)
			}
		}
		return found
	}}, nil
}

// found are the series that a selector finds.
type found struct {
	storage.SeriesSet
	at   storage.Series
	left []storage.Series
}

func (f *found) Next() bool {
	if len(f.left) == 0 {
		return false
	}
	f.at, f.left = f.left[0], f.left[1:]
	return true
}

func (f *found) At() storage.Series { return f.at }
