package pipeline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
)

// scrapeCase breaks, or merely changes, the good snapshot in one way.
type scrapeCase struct {
	name   string
	change func(*Snapshot)
	// want are the reasons, in order; none if nothing is wrong.
	want []*finding.Reason
	// says must all stand in the first finding's message.
	says []string
	// sentence: the fix is no YAML.
	sentence bool
	// after are the reasons that the fix leaves.
	after []*finding.Reason
}

func theMonitor(s *Snapshot) *monitoringv1.ServiceMonitor { return s.ServiceMonitors.Items[0] }
func theEndpoint(s *Snapshot) *monitoringv1.Endpoint      { return &theMonitor(s).Spec.Endpoints[0] }
func thePrometheus(s *Snapshot) *monitoringv1.Prometheus  { return s.Prometheuses.Items[0] }
func theService(s *Snapshot) *OperatorService             { return &s.OperatorServices.Items[0] }

// onEndpoint changes the monitor's endpoint, onMonitor the rest of it.
func onEndpoint(f func(*monitoringv1.Endpoint)) func(*Snapshot) {
	return func(s *Snapshot) { f(theEndpoint(s)) }
}

func onMonitor(f func(*monitoringv1.ServiceMonitor)) func(*Snapshot) {
	return func(s *Snapshot) { f(theMonitor(s)) }
}

func onPrometheus(f func(*monitoringv1.Prometheus)) func(*Snapshot) {
	return func(s *Snapshot) { f(thePrometheus(s)) }
}

func together(changes ...func(*Snapshot)) func(*Snapshot) {
	return func(s *Snapshot) {
		for _, f := range changes {
			f(s)
		}
	}
}

func reasonNames(reasons []*finding.Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.Name)
	}
	return out
}

func foundNames(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Reason.Name)
	}
	return out
}

// run tries the case, and then its own fix: what was found must be gone, and
// nothing else be there.
func (c scrapeCase) run(t *testing.T) {
	s := goodSnapshot()
	c.change(s)
	_, found := evaluateScrape(s, goodSubject)
	if diff := cmp.Diff(reasonNames(c.want), foundNames(found)); diff != "" {
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
	isYAML := len(fixDocuments(render.Fix(found[0].Fix))) > 0
	if isYAML == (c.sentence || found[0].Severity == finding.Unknown) {
		t.Fatalf("fix:\n%s", render.Fix(found[0].Fix))
	}
	if !isYAML {
		return
	}
	fixApply(t, s, render.Fix(found[0].Fix))
	_, left := evaluateScrape(s, goodSubject)
	if diff := cmp.Diff(reasonNames(c.after), foundNames(left)); diff != "" {
		t.Errorf("after the fix (-want +got):\n%s%v\n%s", diff, left, render.Fix(found[0].Fix))
	}
}

func runScrapeCases(t *testing.T, cases []scrapeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, c.run)
	}
}
