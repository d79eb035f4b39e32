package pipeline

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Subject is what is asked for: one metric of one Service.
type Subject struct {
	Namespace, Service, Metric string
}

// key is the Service as keys name it.
func (s Subject) key() gatewayKey { return gatewayKey{s.Namespace, s.Service} }

// Object names the Service in findings.
func (s Subject) Object() finding.Object {
	return finding.Object{Kind: "Service", Namespace: s.Namespace, Name: s.Service}
}

// Scraped is what the service monitor hop hands to the adapter rule hop.
type Scraped struct {
	// Series are what Prometheus will store of the Service's latency; simulated
	// under the labels of the monitor that works, or, if none does, of the one
	// that the fix would make.
	Series []adapterconfig.Series
	// Known is false if the monitor's relabelings could not be followed, so that
	// the labels are a guess.
	Known bool
}

// Evaluate follows the metric hop by hop and returns what is wrong, in the order
// of the hops. A hop that is broken does not hide the ones behind it: they are
// judged as if it were mended. No findings mean that the metric will arrive.
func Evaluate(s *Snapshot, subject Subject) []finding.Finding {
	return evaluate(newTopology(s), subject)
}

func evaluate(t *topology, subject Subject) []finding.Finding {
	s := t.Snapshot
	var out []finding.Finding
	out = append(out, evaluateExtension(t, subject)...)
	out = append(out, evaluateRoute(t, subject)...)
	scraped, findings := evaluateScrape(s, subject)
	out = append(out, findings...)
	out = append(out, evaluateMetricsAPI(s)...)
	out = append(out, evaluateAdapter(s, subject, scraped)...)
	return out
}
