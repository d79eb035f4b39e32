package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// evaluateScrape judges the hops service-monitor and prometheus: whether a monitor
// makes the adapter's Prometheus scrape Kong Operator, and what is stored then.
// If some monitor does, the others do not matter; if none does, the first cause of
// the nearest is told.
func evaluateScrape(s *Snapshot, subject Subject) (Scraped, []finding.Finding) {
	answer := judgeScrape(s, subject)
	return answer.scraped, answer.findings
}

// judgeScrape is evaluateScrape, with the judgement that it comes from.
func judgeScrape(s *Snapshot, subject Subject) scrapeAnswer {
	services := s.OperatorServices
	switch {
	case services.State != Known:
		return unscraped(usual(s, subject, OperatorService{}, false), OperatorServiceUnknown.On(
			finding.Object{Kind: "Service"}, "which Service exposes Kong Operator's metrics is not known: %s", scrapeWhy(services.State, services.Why)))
	case len(services.Items) == 0:
		return unscraped(usual(s, subject, OperatorService{}, true), OperatorServiceNotFound.On(
			finding.Object{Kind: "Service"}, "no Service exposes Kong Operator's metrics, so nothing can scrape them").Suggest(
			"Install Kong Operator with its metrics Service, or name it by --operator-service."))
	case s.ServiceMonitors.State != Known:
		return unscraped(usual(s, subject, services.Items[0], false), ServiceMonitorsUnknown.On(
			finding.Object{Kind: monitoringv1.ServiceMonitorsKind},
			"whether Kong Operator's metrics are scraped is not known: %s", scrapeWhy(s.ServiceMonitors.State, s.ServiceMonitors.Why)))
	}
	choice := scrapePrometheuses(s)
	var best scrapeAnswer
	all := true
	for i, service := range services.Items {
		answer := evaluateService(s, subject, service, choice)
		all = all && answer.works
		if i == 0 || answer.works && !best.works {
			best = answer
		}
	}
	if len(services.Items) > 1 && !all {
		best.findings = []finding.Finding{ambiguous(services.Items)}
		best.by = nil
	}
	best.findings = slices.Concat(choice.findings, best.findings)
	return best
}

// scrapeAnswer is the answer for one Service.
type scrapeAnswer struct {
	works    bool
	scraped  Scraped
	findings []finding.Finding
	// by is the judgement of the monitor that works; nil if none does.
	by *judgement
}

func unscraped(scraped Scraped, f finding.Finding) scrapeAnswer {
	return scrapeAnswer{scraped: scraped, findings: []finding.Finding{f}}
}

func ambiguous(services []OperatorService) finding.Finding {
	var names []string
	for _, s := range services {
		names = append(names, s.Namespace+"/"+s.Name)
	}
	return OperatorServiceAmbiguous.On(services[0].Object(),
		"it is not known which of the Services %s exposes Kong Operator's metrics", strings.Join(names, ", ")).Suggest(
		"Tell kong-latency which of the Services it is.")
}

// evaluateService finds the monitor that serves best, among those that are meant for
// the Service.
func evaluateService(s *Snapshot, subject Subject, service OperatorService, choice scrapeChoice) scrapeAnswer {
	var nearest *judgement
	for _, p := range choice.any {
		for _, m := range s.ServiceMonitors.Items {
			q := scrape{snapshot: s, subject: subject, service: service, prometheus: p, monitor: m}
			if !q.aims() && !q.meant() {
				continue
			}
			if j := q.judge(); nearest == nil || j.better(*nearest) {
				nearest = &j
			}
		}
	}
	switch {
	case nearest == nil:
		return notFound(scrape{snapshot: s, subject: subject, service: service}, choice.any)
	case !nearest.works():
		first := nearest.first()
		if other := nearest.takenBy(choice.others); other != nil && first.Reason == ServiceMonitorNotSelected {
			first = ServiceMonitorTakenByOther.On(first.Object, "%s is taken by %s, but the adapter asks %s: %s",
				first.Object, scrapeObject(other), scrapeObject(nearest.prometheus), s.Adapter.PrometheusURL).WithFix(first.Fix)
		}
		return scrapeAnswer{scraped: nearest.mendedScrape(), findings: []finding.Finding{first}}
	}
	answer := scrapeAnswer{works: true, scraped: nearest.scraped, by: nearest}
	for i := range nearest.flaws {
		answer.findings = append(answer.findings, nearest.nth(i))
	}
	answer.findings = append(answer.findings, nearest.poisoned()...)
	return answer
}

// aims tells whether the monitor would select the Service.
func (q scrape) aims() bool {
	unmet, _ := q.unmet()
	return len(unmet) == 0 && q.searches(q.service.Namespace)
}

// meant tells whether a monitor is likely to be meant for Kong Operator, so that
// what is wrong with it is worth telling. Every other program that was made with
// kubebuilder has Services with the label control-plane, too, so that label alone
// says little.
func (q scrape) meant() bool {
	m := q.monitor
	for _, text := range append([]string{m.Name, m.Labels["app.kubernetes.io/name"]}, q.selectorValues()...) {
		if strings.Contains(text, "kong-operator") || strings.Contains(text, "gateway-operator") {
			return true
		}
	}
	unmet, met := q.unmet()
	if met == 0 && len(unmet) > 0 {
		return false
	}
	explicit := slices.Contains(m.Spec.NamespaceSelector.MatchNames, q.service.Namespace)
	beside := q.prometheus != nil && m.Namespace == q.prometheus.Namespace && len(unmet) == 0 && met > 0
	return m.Namespace == q.service.Namespace || explicit || beside
}

func (q scrape) selectorValues() []string {
	var out []string
	for _, v := range q.monitor.Spec.Selector.MatchLabels {
		out = append(out, v)
	}
	for _, e := range q.monitor.Spec.Selector.MatchExpressions {
		out = append(out, e.Values...)
	}
	return out
}

// takenBy is the first Prometheus of others that takes the monitor.
func (q scrape) takenBy(others []*monitoringv1.Prometheus) *monitoringv1.Prometheus {
	for _, p := range others {
		if q.snapshot.selects(p, q.monitor).taken {
			return p
		}
	}
	return nil
}

// poisoned finds another monitor for whose sake the Prometheus refuses its whole
// configuration, and so perhaps also a change to the one that works.
func (j judgement) poisoned() []finding.Finding {
	for _, m := range j.snapshot.ServiceMonitors.Items {
		other := j.scrape
		other.monitor = m
		// The rarest first: there are many monitors.
		if m == j.monitor || other.refusal() == nil || !j.snapshot.selects(j.prometheus, m).taken || other.rejection() != nil {
			continue
		}
		verdict := judgement{scrape: other}
		verdict.judgeValidity()
		mended := m.DeepCopy()
		unrefuse(mended)
		return []finding.Finding{verdict.flaws[0].finding.WithFix(applyMonitor(mended))}
	}
	return nil
}

// notFound is the answer when no monitor is meant for the Service. The fix is a
// monitor for the first Prometheus that one can be made for.
func notFound(q scrape, prometheuses []*monitoringv1.Prometheus) scrapeAnswer {
	f := ServiceMonitorNotFound.On(q.service.Object(), "no ServiceMonitor selects %s, so Kong Operator's metrics are not scraped", q.service.Object())
	var failed error
	for _, p := range prometheuses {
		q.prometheus = p
		fresh, err := q.fresh()
		if err == nil {
			q.monitor = fresh
			return scrapeAnswer{scraped: q.judge().scraped, findings: []finding.Finding{f.WithFix(finding.Apply(fresh))}}
		}
		failed = cmp.Or(failed, err)
	}
	return scrapeAnswer{scraped: usual(q.snapshot, q.subject, q.service, true), findings: []finding.Finding{f.Suggest("%s", failed)}}
}

// usual is what a monitor without peculiarities would make Prometheus store.
func usual(s *Snapshot, subject Subject, service OperatorService, known bool) Scraped {
	if service.Name == "" {
		service = OperatorService{Namespace: "kong-system", Name: "kong-operator-metrics", Ports: []ServicePort{{Name: "http", Port: 8080}}}
	}
	q := scrape{snapshot: s, subject: subject, service: service}
	return Scraped{Series: q.ordinary(), Known: known}
}

func joinWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
