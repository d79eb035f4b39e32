package servicemonitor_test

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// A Service that has only the labels of Kong Operator's does not count beside one behind
// which Kong Operator runs, and is named. It does count where that is not known.
func TestLookAlikesOfTheOperator(t *testing.T) {
	runs := func(namespace string) pipeline.Set[finding.Object] {
		return pipeline.KnownSet(finding.Object{Kind: "Deployment", Namespace: namespace, Name: "kong-operator-controller-manager"})
	}
	none, unread := pipeline.KnownSet[finding.Object](), pipeline.Set[finding.Object]{}
	forbidden := pipeline.Set[finding.Object]{State: pipeline.Unreadable, Why: "reading Deployments is forbidden"}
	// beside puts Services of tenants before the real one, and says what is behind each.
	beside := func(its pipeline.Set[finding.Object], theirs ...pipeline.Set[finding.Object]) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			its := with(*pipelinetest.TheService(s), its)
			s.OperatorServices.Items = nil
			for i, behind := range theirs {
				other := with(its, behind)
				other.Namespace = "a-team-" + string(rune('a'+i))
				s.OperatorServices.Items = append(s.OperatorServices.Items, other)
			}
			s.OperatorServices.Items = append(s.OperatorServices.Items, its)
		}
	}
	unscraped := func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil }
	ambiguous := []*finding.Reason{servicemonitor.OperatorServiceAmbiguous}
	notFound := []*finding.Reason{servicemonitor.NotFound}
	runScrapeCases(t, []scrapeCase{
		{name: "beside the real one, which is scraped", change: beside(runs("kong-system"), none)},
		{name: "beside the real one, which is not", change: pipelinetest.Together(beside(runs("kong-system"), none), unscraped), want: notFound,
			says: []string{"no ServiceMonitor selects Service kong-system/kong-operator-metrics", "ignored: Service a-team-a/kong-operator-metrics, behind which no Kong Operator runs"}},
		{name: "several beside the real one", change: pipelinetest.Together(beside(runs("kong-system"), none, none), unscraped), want: notFound,
			says: []string{"ignored: Services a-team-a/kong-operator-metrics, a-team-b/kong-operator-metrics, behind"}},
		{name: "beside two real ones", change: beside(runs("kong-system"), none, runs("a-team-b")), want: ambiguous, sentence: true,
			says: []string{"Services a-team-b/kong-operator-metrics, kong-system/kong-operator-metrics exposes", "ignored: Service a-team-a/kong-operator-metrics"}},
		{name: "two, and nothing is known of Deployments", change: pipelinetest.Together(beside(unread, unread), unscraped), want: ambiguous, sentence: true},
		{name: "two, and Kong Operator runs behind neither", change: pipelinetest.Together(beside(none, none), unscraped), want: ambiguous, sentence: true},
		{name: "what is behind the other may not be read", change: pipelinetest.Together(beside(runs("kong-system"), forbidden), unscraped), want: ambiguous, sentence: true},
		{name: "alone", change: pipelinetest.Together(beside(none), unscraped), want: notFound},
	})
}

// with is a copy of a Service, behind which these Deployments are.
func with(s pipeline.OperatorService, behind pipeline.Set[finding.Object]) pipeline.OperatorService {
	s.Behind = behind
	return s
}

func TestEvidenceNamesLookAlikes(t *testing.T) {
	s := pipelinetest.Good()
	its := pipelinetest.TheService(s)
	other := with(*its, pipeline.KnownSet[finding.Object]())
	other.Namespace = "team"
	*its = with(*its, pipeline.KnownSet(finding.Object{Kind: "Deployment", Namespace: "kong-system", Name: "kong-operator"}))
	s.OperatorServices.Items = append(s.OperatorServices.Items, other)
	v := servicemonitor.New().Judge(pipeline.NewCase(operator.Source{}, s, pipelinetest.Subject))
	if len(v.Findings) > 0 || v.Evidence == nil {
		t.Fatalf("got %v", v.Findings)
	}
	if !strings.Contains(strings.Join(v.Evidence(), "\n"), "\nignored: Service team/kong-operator-metrics, behind which no Kong Operator runs") {
		t.Errorf("got %v", v.Evidence())
	}
}
