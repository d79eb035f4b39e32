package integration

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// many is the number of workloads in the tests of writes: with client-go's default
// client-side rate limit, writing them would exceed waitLong.
const (
	many     = 500
	waitLong = 2 * time.Minute
)

func TestEachWorkloadIsWrittenOnceAndARestartWritesNothing(t *testing.T) {
	e := newEnv(t)
	before := e.hpaWrites()
	for i := range many {
		name := fmt.Sprintf("echo-%04d", i)
		d := e.deployment(name, enabled())
		d.Spec.Replicas = ptr.To[int32](0) // pods would only cost
		e.create(e.service(name, nil), d)
	}
	e.Eventually(e.countHPAs).WithTimeout(waitLong).Should(gomega.Equal(many))
	e.wrote(before, many, "one write per workload")

	before = e.hpaWrites()
	e.restartController()
	e.Eventually(func() float64 { return e.reconciles() }).WithTimeout(waitLong).Should(gomega.BeNumerically(">=", many))
	e.Expect(e.hpaWrites()-before).To(gomega.BeZero(), "a restart wrote unchanged autoscalers")

	// A change of one workload is one write, and none for the others.
	before = e.hpaWrites()
	d := e.deployment("echo-0000", nil)
	annotate(e, d, enabled(annotations.TargetMS, "41"))
	e.attached("echo-0000", target("41"))
	annotate(e, d, enabled(annotations.TargetMS, "41", "other.example/a", "b"))
	e.create(e.service("marker", nil), e.deployment("marker", enabled()))
	e.attached("marker") // by now the controller has seen all of the above
	e.wrote(before, 2, "one change and one new workload")
}

// wrote expects n writes of autoscalers since before. The API server counts a write
// when it is finished, a moment after it is visible.
func (e *env) wrote(before float64, n int, why string) {
	e.t.Helper()
	e.Eventually(func() float64 { return e.hpaWrites() - before }).Should(gomega.BeNumerically(">=", n), why)
	e.Expect(e.hpaWrites()-before).To(gomega.BeEquivalentTo(n), why)
}

func (e *env) countHPAs() int {
	var list autoscalingv2.HorizontalPodAutoscalerList
	e.Expect(e.client.List(e.ctx, &list, client.InNamespace(e.namespace))).To(gomega.Succeed())
	return len(list.Items)
}

// reconciles returns the controller's count of finished reconciles of workloads.
func (e *env) reconciles() float64 {
	e.t.Helper()
	resp, err := http.Get(e.stack.controller.Metrics)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	e.Expect(err).NotTo(gomega.HaveOccurred())
	var sum float64
	for _, m := range families["controller_runtime_reconcile_total"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.Label {
			labels[l.GetName()] = l.GetValue()
		}
		if labels["controller"] == "workload" && labels["result"] == "success" {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum
}
