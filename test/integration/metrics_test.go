package integration

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/test/product"
)

// noService is the finding about a Deployment whose pods no Service selects.
const noService = "NoServiceSelectsPods"

type families map[string]*dto.MetricFamily

// scrape reads the metrics of a process as Prometheus does.
func (e *env) scrape(p *product.Process) families {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.ctx, http.MethodGet, p.Metrics, nil)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	resp, err := http.DefaultClient.Do(req)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	defer resp.Body.Close()
	e.Expect(resp.StatusCode).To(gomega.Equal(http.StatusOK))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	out, err := parser.TextToMetricFamilies(resp.Body)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	return out
}

// value sums a metric over the series with these labels, as name=value. The value of a
// histogram is its count.
func (f families) value(name string, labels ...string) float64 {
	var sum float64
	for _, m := range f[name].GetMetric() {
		var have []string
		for _, l := range m.Label {
			have = append(have, l.GetName()+"="+l.GetValue())
		}
		if !slices.ContainsFunc(labels, func(want string) bool { return !slices.Contains(have, want) }) {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// Exactly the declared metrics are exposed, as declared.
func TestProcessesExposeTheDeclaredMetrics(t *testing.T) {
	e := newEnv(t)
	e.create(e.deployment("lonely", enabled())) // so that there is a finding
	e.eventOf("Deployment", "lonely", noService)
	e.create(e.service("echo", nil), e.deployment("echo", enabled())) // so that one has a target
	e.Eventually(func() float64 {
		return e.scrape(plain.controller).value(metrics.WorkloadTarget.Name, e.of("echo")...)
	}).ShouldNot(gomega.BeZero())
	for of, p := range map[metrics.Process]*product.Process{metrics.Webhook: plain.webhook, metrics.Controller: plain.controller} {
		got := e.scrape(p)
		for _, m := range slices.Concat(metrics.Product(), metrics.Others()) {
			if slices.Contains(m.Processes, of) {
				e.declared(got[m.Name], m)
			}
		}
		for name := range got {
			if strings.HasPrefix(name, "kong_latency_") {
				e.Expect(slices.ContainsFunc(metrics.Product(), func(m metrics.Metric) bool {
					return m.Name == name && slices.Contains(m.Processes, of)
				})).To(gomega.BeTrue(), "%s of the %s is not declared", name, of)
			}
		}
	}
}

// declared expects a family to match its declaration.
func (e *env) declared(got *dto.MetricFamily, m metrics.Metric) {
	e.t.Helper()
	e.Expect(got.GetMetric()).NotTo(gomega.BeEmpty(), m.Name)
	e.Expect(strings.ToLower(got.GetType().String())).To(gomega.Equal(string(m.Type)), m.Name)
	if m.Source == "" {
		e.Expect(got.GetHelp()).To(gomega.Equal(m.Help), m.Name)
	}
	var labels []string
	for _, l := range got.Metric[0].Label {
		labels = append(labels, l.GetName())
	}
	e.Expect(labels).To(gomega.ConsistOf(m.LabelNames()), m.Name)
}

func TestAdmissionsAreCounted(t *testing.T) {
	e := newEnv(t)
	admissions := func(labels ...string) float64 {
		return e.scrape(plain.webhook).value(metrics.Admissions.Name, labels...)
	}
	answered := func() float64 { return e.scrape(plain.webhook).value(metrics.AdmissionDuration.Name) }
	denied := []string{"kind=Service", "phase=validate", "operation=CREATE", "verdict=denied"}
	warned := []string{"kind=Deployment", "phase=validate", "operation=CREATE", "verdict=warned"}
	patched := []string{"kind=Deployment", "phase=mutate", "operation=CREATE", "verdict=patched"}

	before, timed := admissions(denied...), answered()
	e.Expect(e.client.Create(e.ctx, e.service("echo", enabled(annotations.MaxReplicas, "0")))).NotTo(gomega.Succeed())
	e.Expect(admissions(denied...)).To(gomega.Equal(before + 1))
	byAPIServer, err := e.stack.cp.Metrics(e.ctx)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	const refusals = "apiserver_admission_webhook_rejection_count"
	i := slices.IndexFunc(metrics.Others(), func(m metrics.Metric) bool { return m.Name == refusals })
	e.Expect(i).NotTo(gomega.BeNumerically("<", 0))
	e.declared(byAPIServer[refusals], metrics.Others()[i])
	e.Expect(answered()).To(gomega.BeNumerically(">", timed))

	beforeWarned, beforePatched := admissions(warned...), admissions(patched...)
	e.create(e.deployment("echo", enabled(annotations.MinReplicas, "2"))) // without a Service, and with too few replicas
	e.Expect(admissions(warned...)).To(gomega.Equal(beforeWarned + 1))
	e.Expect(admissions(patched...)).To(gomega.Equal(beforePatched + 1))
}

func TestFindingsAndWorkloadsAreCounted(t *testing.T) {
	e := newEnv(t)
	findings := func() float64 {
		return e.scrape(plain.controller).value(metrics.Findings.Name, "reason="+noService, "hop=")
	}
	workloads := func(state string) float64 {
		return e.scrape(plain.controller).value(metrics.Workloads.Name, "state="+state)
	}
	// By the time of this event, the objects of earlier tests are counted.
	e.create(e.deployment("marker", enabled()))
	e.eventOf("Deployment", "marker", noService)
	found := findings()
	was := map[string]float64{}
	for _, s := range metrics.WorkloadStates() {
		was[s] = workloads(s)
	}
	is := func(state string, more float64) {
		e.t.Helper()
		e.Eventually(func() float64 { return workloads(state) - was[state] }).Should(gomega.Equal(more), state)
	}
	d := e.deployment("echo", enabled())
	e.create(d)
	e.Eventually(findings).Should(gomega.Equal(found + 1))
	is(metrics.Blocked, 1)

	e.create(e.service("echo", nil))
	e.attached("echo")
	e.Eventually(findings).Should(gomega.Equal(found))
	is(metrics.Attached, 1)
	is(metrics.Blocked, 0)

	annotate(e, d, enabled(annotations.Paused, "true"))
	is(metrics.Paused, 1)
	is(metrics.Attached, 0)

	annotate(e, d, nil)
	e.gone("echo")
	is(metrics.Paused, 0)
}

// Each workload has an info, which follows its state, and its target; what it finds is
// exposed with its reason.
func TestEachWorkloadIsExposed(t *testing.T) {
	e := newEnv(t)
	exposed := func(name string, labels ...string) func() float64 {
		return func() float64 { return e.scrape(plain.controller).value(name, e.of("echo", labels...)...) }
	}
	is := func(value float64, name string, labels ...string) {
		e.t.Helper()
		e.Eventually(exposed(name, labels...)).Should(gomega.Equal(value), "%s %s", name, labels)
	}
	info := metrics.WorkloadInfo.Name
	d := e.deployment("echo", enabled())
	e.create(d)
	is(1, info, "state=blocked", "service=", "horizontalpodautoscaler=", "pipeline=unknown")
	is(1, metrics.WorkloadFindings.Name, "reason="+noService, "severity=Error", "hop=")
	is(0, metrics.WorkloadTarget.Name)

	e.create(e.service("echo", nil))
	is(1, info, "state=attached", "service=echo", "horizontalpodautoscaler=echo", "output=HorizontalPodAutoscaler", "policy=")
	is(0.04, metrics.WorkloadTarget.Name, "service=echo")
	is(0, metrics.WorkloadFindings.Name, "reason="+noService)
	is(1, info)

	annotate(e, d, nil)
	e.gone("echo")
	is(0, info)
	is(0, metrics.WorkloadTarget.Name)
}

// of are the labels of the metrics of a workload, and others.
func (e *env) of(deployment string, labels ...string) []string {
	return append([]string{"namespace=" + e.namespace, "deployment=" + deployment}, labels...)
}

func TestSnapshotExposesItsAge(t *testing.T) {
	e := newEnv(t)
	for _, p := range []*product.Process{plain.webhook, plain.controller} {
		first := e.scrape(p)
		e.Expect(first.value(metrics.SnapshotUnread.Name, "kind=namespaces")).To(gomega.BeZero())
		e.Expect(first.value(metrics.SnapshotUnread.Name)).To(gomega.BeZero(), "the shipped roles must allow reading everything")
		newEnv(t) // creates a namespace, which is a change
		for _, name := range []string{metrics.SnapshotChange.Name, metrics.SnapshotCheck.Name} {
			e.Eventually(func() float64 { return e.scrape(p).value(name) }).Should(gomega.BeNumerically(">", first.value(name)), name)
		}
	}
}
