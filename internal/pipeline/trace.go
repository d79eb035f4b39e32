package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
)

// Step is one hop of the pipeline, for people who want to see why.
type Step struct {
	Hop *finding.Hop
	// Findings are those of Evaluate about the hop.
	Findings []finding.Finding
	// Evidence are the objects by which the hop works, and by what of them, one
	// sentence each. It is empty for a hop that is broken.
	Evidence []string
	// Unjudged says why nothing can be said about a hop without findings, as when
	// another hop has to be mended before; empty if it works.
	Unjudged string
}

// Trace is the metric's whole way.
type Trace struct {
	// Steps are the hops that a snapshot can tell about, in their order: all but
	// the series.
	Steps []Step
	// Query is what the adapter will ask of Prometheus; its Expr is empty if no rule
	// gets that far.
	Query adapterconfig.Query
	// Monitored is the Service that is scraped; zero if none is known to be.
	Monitored finding.Object
}

// Follow judges every hop as Evaluate does, and says what speaks for those that work.
func Follow(s *Snapshot, subject Subject) Trace {
	t := newTopology(s)
	findings := evaluate(t, subject)
	scrape := judgeScrape(s, subject)
	verdict, judged := ruleVerdict(s, subject, scrape.scraped)
	evidence := map[*finding.Hop][]string{
		extension.Hop:      extensionEvidence(t, subject),
		route.Hop:          routeEvidence(t, subject),
		servicemonitor.Hop: monitorEvidence(scrape.by),
		prometheus.Hop:     prometheusEvidence(s, scrape.by),
		adapterrule.Hop:    ruleEvidence(s, verdict),
		metricsapi.Hop:     metricsAPIEvidence(s),
	}
	var out Trace
	for _, hop := range Hops() {
		if hop == series.Hop {
			continue
		}
		step := Step{Hop: hop, Evidence: evidence[hop]}
		for _, f := range findings {
			if f.Hop() == hop {
				step.Findings = append(step.Findings, f)
			}
		}
		if slices.ContainsFunc(step.Findings, func(f finding.Finding) bool { return f.Severity == finding.Error }) {
			step.Evidence = nil
		}
		out.Steps = append(out.Steps, step)
	}
	if scrape.by != nil {
		out.Monitored = scrape.by.service.Object()
	}
	if judged {
		out.Query = verdict.Query
	}
	out.unjudged(s, scrape)
	return out
}

// unjudged finds hops about which there is nothing to say because of others.
func (t *Trace) unjudged(s *Snapshot, scrape scrapeAnswer) {
	for i := range t.Steps {
		step := &t.Steps[i]
		switch {
		case len(step.Findings) > 0:
		case step.Hop == prometheus.Hop && scrape.by == nil:
			step.Unjudged = "it depends on the ServiceMonitor"
		case step.Hop == servicemonitor.Hop && scrape.by == nil:
			step.Unjudged = "it depends on the Prometheus"
		case step.Hop == adapterrule.Hop && s.Adapter.State != Known:
			step.Unjudged = cmp.Or(oneLine(s.Adapter.Why), "the adapter's configuration has not been read")
		}
	}
}

// ruleVerdict is what the adapter's rules make of the request; judged is false if
// they are not known.
func ruleVerdict(s *Snapshot, subject Subject, scraped Scraped) (v rulecheck.Verdict, judged bool) {
	if s.Adapter.State != Known || s.Adapter.Config == nil {
		return rulecheck.Verdict{}, false
	}
	return rulecheck.Explain(s.Adapter.Config, rulecheck.Target{
		Metric: subject.Metric, Namespace: subject.Namespace, Service: subject.Service, Series: scraped.Series,
	}), true
}

func extensionEvidence(t *topology, subject Subject) []string {
	for _, a := range extensionCandidates(t, subject) {
		if extensionJudge(t, a, subject).step < extensionGood {
			continue
		}
		key := gatewayKey{cmp.Or(a.refs[0].Namespace, a.namespace), a.refs[0].Name}
		e := t.extensions[key]
		return []string{
			fmt.Sprintf("%s refers to %s", a.holder, e.Object()),
			fmt.Sprintf("%s names Service %s and asks for latency", e.Object(), subject.Service),
		}
	}
	return nil
}

func routeEvidence(t *topology, subject Subject) []string {
	var out []string
	for _, r := range routeRulesTo(t, subject) {
		gateways := make([]string, len(r.gateways))
		for i, g := range r.gateways {
			gateways[i] = g.String()
		}
		out = append(out, fmt.Sprintf("%s sends traffic to Service %s through Gateway %s", r, subject.Service, joinWords(slices.Compact(gateways))))
	}
	return out
}

func monitorEvidence(j *judgement) []string {
	if j == nil {
		return nil
	}
	var met []string
	for _, d := range j.demands() {
		met = append(met, d.text)
	}
	by := "without labels"
	if len(met) > 0 {
		by = "by " + strings.Join(met, ", ")
	}
	text := fmt.Sprintf("%s selects %s %s", scrapeObject(j.monitor), j.service.Object(), by)
	if port, ok := j.service.metricsPort(); ok && port.Name != "" {
		text += ", port " + port.Name
	}
	return []string{text}
}

func prometheusEvidence(s *Snapshot, j *judgement) []string {
	if j == nil || j.prometheus == nil {
		return nil
	}
	by := metav1.FormatLabelSelector(j.prometheus.Spec.ServiceMonitorSelector)
	if by == "<none>" {
		by = "whatever labels"
	}
	out := []string{fmt.Sprintf("%s takes %s by %s", scrapeObject(j.prometheus), scrapeObject(j.monitor), by)}
	if s.Adapter.PrometheusURL != "" {
		out = append(out, "the adapter asks "+s.Adapter.PrometheusURL)
	}
	return out
}

func ruleEvidence(s *Snapshot, v rulecheck.Verdict) []string {
	if v.Answer != rulecheck.Yes {
		return nil
	}
	return []string{
		fmt.Sprintf("rules[%d] in key %s of %s makes the metric of %s", v.Rule, s.Adapter.Key, s.Adapter.ConfigMap, v.Query.Series),
		"PromQL: " + oneLine(v.Query.Expr),
	}
}

func metricsAPIEvidence(s *Snapshot) []string {
	api := s.MetricsAPI
	if api.State != Known || !api.Registered {
		return nil
	}
	return []string{fmt.Sprintf("%s is available and forwards to Service %s/%s", metricsAPIObject, api.ServiceNamespace, api.ServiceName)}
}
