package pipeline

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Hop judges one step of the metric pipeline. It is pure, and keeps nothing between
// two cases.
type Hop struct {
	// Declaration is the hop's name and documentation; findings refer to it.
	Declaration *finding.Hop
	// Reasons are all that the hop can find, in the order of the reference page.
	Reasons []*finding.Reason
	// Judge reports whether the metric passes the hop. A hop is judged as if the hops
	// before it worked, so that one broken hop does not hide the next.
	Judge func(c *Case) Verdict
}

// Verdict is what a hop says about one case.
type Verdict struct {
	// Findings say what is wrong; none if the hop works or cannot be judged.
	Findings []finding.Finding
	// Evidence returns the objects by which the hop works, one sentence each. It is
	// called only when it is read; nil if there is none.
	Evidence func() []string
	// Unjudged says why nothing can be said about a hop without findings, as when
	// another hop has to be fixed first; empty if the hop works.
	Unjudged string

	// Query is what the adapter sends to Prometheus; only the hop that judges the
	// adapter's rules sets it.
	Query adapterconfig.Query
	// Scraped is the Service through which Prometheus scrapes the source; only the hop
	// that judges scraping sets it.
	Scraped finding.Object
}

// Source is where latency is measured. It owns the hops that its metric passes, the
// series that it exposes, and the manifests that turn them into the metric. Hops that
// several sources share take what differs from the source of the case.
type Source interface {
	// Name is stable, in lower case; policies carry it.
	Name() string
	// Hops are the hops of the source in the order in which they are judged and shown.
	Hops() []Hop
	// Histogram is the latency of the subject's Service as the source exposes it.
	Histogram(s Subject) Histogram
	// AdapterRule is the entry of prometheus-adapter's rules that makes the metric of
	// that histogram. It encodes to YAML. The window is empty for the default.
	AdapterRule(metric, window string) any
}

// Histogram is the latency of one Service as a source exposes it.
type Histogram = sim.Histogram

// Scrape is how the latency of a case is scraped: the answer of the hop that judges
// monitors, for the hops that depend on it.
type Scrape struct {
	// Stored is what Prometheus will store of the Service's latency; simulated with
	// the monitor that works, or, if none does, with the one that the fix would make.
	sim.Stored
	// Known is false if the relabelings could not be followed, so that the labels are
	// a guess.
	Known bool
	// Findings are about the monitor and about the Prometheus.
	Findings []finding.Finding
	// Works is nil if no monitor is known to work.
	Works *Scraping
}

// Scraping is a scrape that works.
type Scraping struct {
	// Prometheus is what scrapes; nil if it is not known.
	Prometheus *monitoringv1.Prometheus
	// Monitor is what it is configured by, and Service what is scraped.
	Monitor, Service finding.Object
}

// About returns the findings about one hop.
func (s Scrape) About(hop *finding.Hop) []finding.Finding {
	var out []finding.Finding
	for _, f := range s.Findings {
		if f.Hop() == hop {
			out = append(out, f)
		}
	}
	return out
}
