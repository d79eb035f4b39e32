// Package scraping compares what is concluded about ServiceMonitors and PodMonitors with the
// configuration that the real prometheus-operator writes for them, and with what Prometheus'
// own discovery and relabeling make of that.
package scraping

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	yaml "go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
)

// How many monitors are compared: the API server refuses some of those that are made.
const (
	serviceMonitors = 1100
	podMonitors     = 150
	least           = 1000
	seed            = 1
)

// last is what a Prometheus selects, made after all others: once its job is there, those of
// the others are, too.
func last(p *monitoringv1.Prometheus) metav1.ObjectMeta {
	out := metav1.ObjectMeta{Namespace: "kong-system", Name: "last-" + p.Name, Labels: map[string]string{"tier": "z"}}
	if p.Spec.PodMonitorNamespaceSelector == nil {
		out.Namespace = p.Namespace
	}
	for _, by := range []*metav1.LabelSelector{p.Spec.ServiceMonitorSelector, p.Spec.PodMonitorSelector} {
		if by != nil {
			maps.Copy(out.Labels, by.MatchLabels)
		}
	}
	return out
}

// real is what the real components have made.
type real struct {
	prometheuses []*monitoringv1.Prometheus
	configs      map[string]*config
	texts        map[string][]byte
	targets      discovered
	services     []*monitoringv1.ServiceMonitor
	pods         []*monitoringv1.PodMonitor
}

func TestMonitorsAsPrometheusOperatorReadsThem(t *testing.T) {
	c := start(t)
	r := c.evaluate(t)
	compared := &comparison{histogram: histogram("shop", "echo"), any: histogram(sim.AnyNamespace, sim.AnyService), regexps: bound.NewRegexps(),
		snapshot: &pipeline.Snapshot{}, refused: map[string]bool{},
		answers: map[string]*count{}, mistakes: map[string][]string{}}
	compared.snapshot.Namespaces.State = pipeline.Known
	for name, labels := range namespaces {
		compared.snapshot.Namespaces.Items = append(compared.snapshot.Namespaces.Items, pipeline.Namespace{Name: name, Labels: labels})
	}
	for _, p := range r.prometheuses {
		for _, m := range r.services {
			compared.monitor(p, m, r)
		}
		for _, m := range r.pods {
			compared.podMonitor(p, m, r)
		}
	}
	compared.report(t)
	c.checkRefusals(t, r, compared.refused)
}

// evaluate has the real components evaluate the corpus.
func (c cluster) evaluate(t *testing.T) *real {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(settle)
	g.SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	ctx := t.Context()
	look, err := c.discover(ctx)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	r := &real{configs: map[string]*config{}, texts: map[string][]byte{}}
	for _, p := range prometheuses() {
		g.Expect(c.admin.Get(ctx, client.ObjectKeyFromObject(p), p)).To(gomega.Succeed())
		r.prometheuses = append(r.prometheuses, p)
	}
	random := newGenerator(seed)
	var services []*monitoringv1.ServiceMonitor
	var pods []*monitoringv1.PodMonitor
	for i := range serviceMonitors {
		services = append(services, random.serviceMonitor(i))
	}
	for i := range podMonitors {
		pods = append(pods, random.podMonitor(i))
	}
	r.pods, err = create(ctx, c, pods)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	r.services, err = create(ctx, c, services)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(len(r.services)+len(r.pods)).To(gomega.BeNumerically(">=", least), "monitors that the API server accepts")
	for _, p := range r.prometheuses {
		g.Expect(c.admin.Create(ctx, &monitoringv1.PodMonitor{ObjectMeta: last(p), Spec: monitoringv1.PodMonitorSpec{PodMetricsEndpoints: []monitoringv1.PodMetricsEndpoint{{}}}})).To(gomega.Succeed())
		g.Expect(c.admin.Create(ctx, &monitoringv1.ServiceMonitor{ObjectMeta: last(p), Spec: monitoringv1.ServiceMonitorSpec{Endpoints: []monitoringv1.Endpoint{{}}}})).To(gomega.Succeed())
	}
	for _, p := range r.prometheuses {
		g.Eventually(func() (err error) {
			r.texts[p.Name], err = c.configuration(ctx, p)
			return err
		}).Should(gomega.Succeed())
		r.configs[p.Name], err = read(r.texts[p.Name], namesOf(p))
		g.Expect(err).NotTo(gomega.HaveOccurred())
	}
	g.Eventually(func() (err error) { r.targets, err = look(); return err }).Should(gomega.Succeed())
	return r
}

// namesOf is which label names the Prometheus accepts.
func namesOf(p *monitoringv1.Prometheus) model.ValidationScheme {
	if strings.HasPrefix(p.Spec.Version, "v2.") {
		return model.LegacyValidation
	}
	return model.UTF8Validation
}

func histogram(namespace, service string) *pipeline.Histogram {
	h := operator.Source{}.Histogram(pipeline.Subject{Namespace: namespace, Service: service})
	return &h
}

// checkRefusals has Prometheus check the whole configuration: without the monitors that are
// said to make it refuse everything it accepts the rest, and it refuses each of these.
func (c cluster) checkRefusals(t *testing.T, r *real, refused map[string]bool) {
	t.Helper()
	var whole map[string]any
	if err := yaml.Unmarshal(r.texts["all"], &whole); err != nil {
		t.Fatal(err)
	}
	jobs, _ := whole["scrape_configs"].([]any)
	var good []any
	bad := map[string][]any{}
	for _, j := range jobs {
		monitor := path.Dir(fmt.Sprint(j.(map[string]any)["job_name"]))
		switch {
		case refused[monitor]:
			bad[monitor] = append(bad[monitor], j)
		case strings.HasPrefix(monitor, "serviceMonitor/"): // PodMonitors are not judged
			good = append(good, j)
		}
	}
	if len(bad) == 0 {
		t.Error("no monitor makes Prometheus refuse its configuration")
	}
	for _, monitor := range slices.Sorted(maps.Keys(bad))[:min(len(bad), 10)] { // each is one more process
		whole["scrape_configs"] = bad[monitor]
		if output, err := c.check(t, whole); err == nil {
			t.Errorf("Prometheus accepts %s:\n%s", monitor, output)
		}
	}
	whole["scrape_configs"] = good
	if output, err := c.check(t, whole); err != nil {
		t.Errorf("Prometheus refuses %d jobs: %v\n%s", len(good), err, output)
	}
}

func (c cluster) check(t *testing.T, config map[string]any) (string, error) {
	t.Helper()
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), c.Binary("promtool"), "check", "config", "--syntax-only", file).CombinedOutput()
	return string(output), err
}
