package servicemonitor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// scrapeCase breaks, or merely changes, the good snapshot in one way.
type scrapeCase struct {
	name   string
	change func(*pipeline.Snapshot)
	// want are the reasons, in order; none if nothing is wrong.
	want []*finding.Reason
	// says must all stand in the first finding's message.
	says []string
	// sentence: the fix is no YAML.
	sentence bool
	// after are the reasons that the fix leaves.
	after []*finding.Reason
}

// run tries the case, and then its own fix: what was found must be gone, and
// nothing else be there.
func (c scrapeCase) run(t *testing.T) {
	s := pipelinetest.Good()
	c.change(s)
	_, found := scraped(s)
	if diff := cmp.Diff(pipelinetest.Names(c.want), pipelinetest.Found(found)); diff != "" {
		t.Fatalf("reasons (-want +got):\n%s%v", diff, found)
	}
	if len(found) == 0 {
		return
	}
	for _, text := range c.says {
		if !strings.Contains(found[0].Message, text) {
			t.Errorf("the message does not say %q: %s", text, found[0].Message)
		}
	}
	isYAML := len(pipelinetest.Documents(render.Fix(found[0].Fix))) > 0
	if isYAML == (c.sentence || found[0].Severity == finding.Unknown) {
		t.Fatalf("fix:\n%s", render.Fix(found[0].Fix))
	}
	if !isYAML {
		return
	}
	pipelinetest.Apply(t, s, render.Fix(found[0].Fix))
	_, left := scraped(s)
	if diff := cmp.Diff(pipelinetest.Names(c.after), pipelinetest.Found(left)); diff != "" {
		t.Errorf("after the fix (-want +got):\n%s%v\n%s", diff, left, render.Fix(found[0].Fix))
	}
}

func runScrapeCases(t *testing.T, cases []scrapeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, c.run)
	}
}

const latencySeries = "kong_upstream_latency_ms"

// scraped is how the latency is scraped, and what the hops service-monitor and
// prometheus find.
func scraped(s *pipeline.Snapshot) (pipeline.Scrape, []finding.Finding) {
	x := *servicemonitor.Scraped(pipeline.NewCase(operator.Source{}, s, pipelinetest.Subject))
	return x, x.Findings
}
