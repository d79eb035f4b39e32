package faults

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/onsi/gomega"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/product"
)

const (
	policiesResource = "latencypolicies.kong.latency"
	controllerName   = "kong-latency-controller"
)

// unread is how a process shows that it cannot read a kind.
func unread(kind string) (metric, label string) {
	return "kong_latency_snapshot_unread", "kind=" + kind
}

// metric sums the metric of a process over the series with this label, as name=value.
func (c *cluster) metric(p *product.Process, name, label string) float64 {
	c.t.Helper()
	resp, err := http.Get(p.Metrics)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	var sum float64
	for _, m := range families[name].GetMetric() {
		if slices.ContainsFunc(m.Label, func(l *dto.LabelPair) bool { return l.GetName()+"="+l.GetValue() == label }) {
			sum += m.GetGauge().GetValue()
		}
	}
	return sum
}

// showsUnread waits until the process shows that it cannot read a kind, or can again.
func (c *cluster) showsUnread(p *product.Process, kind string, want bool) {
	c.t.Helper()
	value := 0.0
	if want {
		value = 1
	}
	name, label := unread(kind)
	c.Eventually(func() float64 { return c.metric(p, name, label) }).WithTimeout(3*time.Minute).Should(gomega.Equal(value), kind)
}

// versions are the resource versions of the autoscalers, by name: no write leaves them as
// they are.
func (c *cluster) versions() map[string]string {
	c.t.Helper()
	out := map[string]string{}
	for _, h := range c.hpas() {
		out[h.Name] = h.ResourceVersion
	}
	return out
}

// told counts the events about these objects, by reason, object and note. The events of a
// series count as often as they were emitted.
func (c *cluster) told(names ...string) map[string]int {
	c.t.Helper()
	out := map[string]int{}
	for _, e := range c.events() {
		if slices.Contains(names, e.Regarding.Name) {
			n := 1
			if e.Series != nil {
				n = int(e.Series.Count)
			}
			out[e.Reason+" "+e.Regarding.Name+": "+e.Note] += n
		}
	}
	return out
}

// settled waits until the events about these objects stay the same for a while, and returns
// them. Each of them must have as many as want.
func (c *cluster) settled(want int, names ...string) map[string]int {
	c.t.Helper()
	var last map[string]int
	c.Eventually(func() bool {
		before := last
		last = c.told(names...)
		return len(last) >= want*len(names) && maps.Equal(before, last)
	}).WithPolling(2*time.Second).Should(gomega.BeTrue(), "events do not settle")
	return last
}

// proof makes a new workload and waits until it is attached, so that the controller is
// known to have caught up.
func (c *cluster) proof(name string) {
	c.t.Helper()
	c.createAnyhow(c.workloadObjects(name)...)
	c.Eventually(func() bool { return c.hpa(name) != nil }).WithTimeout(3*time.Minute).Should(gomega.BeTrue(), "the controller attaches nothing any more")
}

func (c *cluster) workloadObjects(name string) []client.Object {
	d, s := c.workload(name, map[string]string{annotations.TargetMS: "40"})
	return []client.Object{s, d}
}

// createAnyhow repeats a creation until the API server accepts it.
func (c *cluster) createAnyhow(objects ...client.Object) {
	c.t.Helper()
	for _, o := range objects {
		c.Eventually(func() error {
			if err := c.admin.Create(c.ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
				return err
			}
			return nil
		}).Should(gomega.Succeed())
	}
}

// leads reports whether a controller is the leader.
func (c *cluster) leads(p *product.Process) bool {
	return c.metric(p, "leader_election_master_status", "name="+controllerName) == 1
}

// logs waits until a process of this name has logged a text.
func (c *cluster) logs(name, text string) {
	c.t.Helper()
	c.Eventually(func() (string, error) {
		log, err := os.ReadFile(filepath.Join(c.cp.Dir(), name+".log"))
		return string(log), err
	}).Should(gomega.ContainSubstring(text))
}

// warnings is a client of the cluster's admin that records the warnings of the API server.
type warnings struct {
	client client.Client
	mu     sync.Mutex
	list   []string
}

func (c *cluster) warnings() *warnings {
	c.t.Helper()
	w := &warnings{}
	config := c.cp.Config()
	config.WarningHandlerWithContext = w
	var err error
	w.client, err = client.New(config, client.Options{})
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return w
}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, text)
}

func (w *warnings) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.list
	w.list = nil
	return out
}

// stop stops a process as a frozen node does, and returns what lets it go on.
func (c *cluster) stop(pid int) (goOn func()) {
	c.t.Helper()
	c.Expect(syscall.Kill(pid, syscall.SIGSTOP)).To(gomega.Succeed())
	going := false
	goOn = func() {
		if !going {
			going = true
			_ = syscall.Kill(pid, syscall.SIGCONT) // it may have been killed meanwhile
		}
	}
	c.t.Cleanup(goOn)
	return goOn
}
