package servicemonitor

import (
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// answer is the answer for a case, or for one of the Services that may be the one.
type answer struct {
	pipeline.Scrape
	// by is the judgement of the monitor that works; nil if none does.
	by *judgement
}

type answerKey struct{}

// Scraped is how the latency of the case is scraped, for the hops that depend on it.
// It is about the hops service-monitor and prometheus.
func Scraped(c *pipeline.Case) *pipeline.Scrape { return &answerOf(c).Scrape }

// answerOf is the answer for the case: whether a monitor makes the adapter's Prometheus
// scrape Kong Operator, and what is stored then. If some monitor does, the others do not
// matter; if none does, the first cause of the nearest is reported.
func answerOf(c *pipeline.Case) *answer {
	return pipeline.Memo(c, answerKey{}, func() *answer {
		answer := judgeCase(c)
		if j := answer.by; j != nil {
			answer.Works = &pipeline.Scraping{Prometheus: j.Prometheus, Monitor: pipeline.ServiceMonitorObject(j.Monitor), Service: j.Service.Object()}
		}
		return &answer
	})
}

func judgeCase(c *pipeline.Case) answer {
	services, monitors := c.Snapshot.OperatorServices, c.Snapshot.ServiceMonitors
	count, _ := c.Snapshot.Operators()
	switch {
	case services.State != pipeline.Known:
		return unscraped(usual(c, pipeline.OperatorService{}), false, OperatorServiceUnknown.On(
			finding.Object{Kind: "Service"}, "which Service exposes Kong Operator's metrics is not known: %s", services.State.Because(services.Why)))
	case len(services.Items) == 0:
		return unscraped(usual(c, pipeline.OperatorService{}), true, OperatorServiceNotFound.On(
			finding.Object{Kind: "Service"}, "no Service exposes Kong Operator's metrics, so nothing can scrape them").Suggest(
			"Install Kong Operator with its metrics Service, or name it by --operator-service."))
	case monitors.State != pipeline.Known:
		// One that works does so whatever the others are that were not read.
		if monitors.State == pipeline.Unreadable && len(monitors.Items) > 0 {
			if answer := judgeServices(c); answer.by != nil {
				return answer
			}
		}
		return unscraped(usual(c, count[0]), false, Unknown.On(
			finding.Object{Kind: monitoringv1.ServiceMonitorsKind},
			"whether Kong Operator's metrics are scraped is not known: %s", monitors.State.Because(monitors.Why)))
	}
	return judgeServices(c)
}

func judgeServices(c *pipeline.Case) answer {
	services, lookAlikes := c.Snapshot.Operators()
	choice := prometheus.Choose(c.Snapshot)
	var best answer
	all := true
	for i, service := range services {
		answer := unproven(c, judgeService(newQuestion(c, service), choice), choice, service)
		all = all && answer.by != nil
		if i == 0 || answer.by != nil && best.by == nil {
			best = answer
		}
	}
	if len(services) > 1 && !all {
		best.Findings = []finding.Finding{ambiguous(services)}
		best.by = nil
	}
	best.Findings = naming(lookAlikes, best.Findings)
	best.Findings = slices.Concat(choice.Findings, best.Findings)
	return best
}

func unscraped(stored sim.Stored, known bool, f finding.Finding) answer {
	return answer{Scrape: pipeline.Scrape{Stored: stored, Known: known, Findings: []finding.Finding{f}}}
}

func ambiguous(services []pipeline.OperatorService) finding.Finding {
	var names []string
	for _, s := range services {
		names = append(names, s.Namespace+"/"+s.Name)
	}
	return OperatorServiceAmbiguous.On(services[0].Object(),
		"it is not known which of the Services %s exposes Kong Operator's metrics", strings.Join(names, ", ")).
		Suggest("%s", OperatorServiceAmbiguous.Fix)
}

// naming adds to findings that depend on which Services count those that do not.
func naming(lookAlikes []pipeline.OperatorService, findings []finding.Finding) []finding.Finding {
	if len(lookAlikes) == 0 {
		return findings
	}
	for i := range findings {
		if f := &findings[i]; f.Reason == OperatorServiceAmbiguous || f.Reason == NotFound {
			f.Message += "; " + ignored(lookAlikes)
		}
	}
	return findings
}

// ignored is the clause about Services that only look like that of Kong Operator's metrics.
func ignored(lookAlikes []pipeline.OperatorService) string {
	kind := "Service"
	if len(lookAlikes) > 1 {
		kind = "Services"
	}
	names := make([]string, len(lookAlikes))
	for i, s := range lookAlikes {
		names[i] = s.Namespace + "/" + s.Name
	}
	return fmt.Sprintf("ignored: %s %s, behind which no Kong Operator runs", kind, text.Names(names))
}

// judgeService finds the monitor that serves best, among those that are meant for the
// Service.
func judgeService(q question, choice prometheus.Choice) answer {
	var nearest *judgement
	left := 0
	for _, p := range choice.Any {
		q.Prometheus, q.Records = p, q.recordsOf(p)
		candidates := q.candidates()
		left += candidates.left
		for _, m := range candidates.monitors {
			q.Monitor = m
			if j := q.judge(); nearest == nil || j.better(*nearest) {
				nearest = &j
			}
			if len(nearest.flaws) == 0 {
				break // none is better
			}
		}
	}
	switch {
	case left > 0 && (nearest == nil || !nearest.works()):
		return unscraped(q.ordinary(), false, TooLarge.On(q.Service.Object(),
			"whether %s is scraped is not known: of the ServiceMonitors that may be meant for it %d are not evaluated, as they are too many or too large", q.Service.Object(), left))
	case nearest == nil:
		return notFound(q, choice.Any)
	case !nearest.works():
		first := nearest.first()
		if other := nearest.selectedBy(choice.Others); other != nil && first.Reason == NotSelected {
			first = SelectedByOther.On(first.Object, "%s is selected by %s, but the adapter queries %s: %s",
				first.Object, pipeline.PrometheusObject(other), pipeline.PrometheusObject(nearest.Prometheus), q.c.Snapshot.Adapter.PrometheusURL).
				At(first.Field).WithFix(first.Fix).NamingObject()
		}
		out := answer{Scrape: nearest.fixedScrape()}
		out.Findings = []finding.Finding{first}
		return out
	}
	answer := answer{Scrape: nearest.scrape, by: nearest}
	for i := range nearest.flaws {
		answer.Findings = append(answer.Findings, nearest.nth(i))
	}
	answer.Findings = append(answer.Findings, nearest.poisoned()...)
	return answer
}

// poisoned finds another monitor for whose sake the Prometheus refuses its whole
// configuration, and so perhaps also a change to the one that works.
func (j judgement) poisoned() []finding.Finding {
	for _, m := range j.refused() {
		other := j.question
		other.Monitor = m
		if m == j.Monitor || !prometheus.Select(j.c.Snapshot, j.Prometheus, m).Selected || other.Rejection() != nil {
			continue
		}
		verdict := judgement{question: other}
		verdict.judgeValidity()
		fixed := m.DeepCopy()
		unrefuse(fixed)
		return []finding.Finding{verdict.flaws[0].finding.WithFix(applyMonitor(fixed))}
	}
	return nil
}

// notFound is the answer when no monitor is meant for the Service. The fix is a
// monitor for the first Prometheus that one can be made for.
func notFound(q question, prometheuses []*monitoringv1.Prometheus) answer {
	f := NotFound.On(q.Service.Object(), "no ServiceMonitor selects %s, so Kong Operator's metrics are not scraped", q.Service.Object())
	fresh, err := q.freshFor(prometheuses)
	if err != nil {
		return unscraped(q.ordinary(), true, f.Suggest("%s", sentence(err)))
	}
	return unscraped(fresh.scrape.Stored, fresh.scrape.Known, f.WithFix(finding.Apply(fresh.Monitor)))
}

// usual is what a monitor without peculiarities would make Prometheus store; of the
// zero Service, that of the chart.
func usual(c *pipeline.Case, service pipeline.OperatorService) sim.Stored {
	if service.Name == "" {
		service = pipeline.OperatorService{Namespace: "kong-system", Name: "kong-operator-metrics", Ports: []pipeline.ServicePort{{Name: "http", Port: 8080}}}
	}
	return newQuestion(c, service).ordinary()
}
