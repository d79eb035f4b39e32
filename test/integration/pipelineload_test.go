package integration

import (
	"strings"
	"time"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/guide"
)

// loadMetric has the load attached beside the latency while the adapter has a rule for it,
// and not before or after: an autoscaler with a metric that has no value removes no pods.
func (p *pipelineTest) loadMetric() {
	p.warnings.take()
	p.Expect(p.client.Create(p.ctx, p.tracked("loaded", enabled()), client.DryRunAll)).To(gomega.Succeed())
	p.Expect(p.warnings.take()).To(gomega.ConsistOf(
		gomega.ContainSubstring("will attach HPA loaded"),
		gomega.And(gomega.ContainSubstring("LoadMetricMissing"), gomega.ContainSubstring("scaled by its latency alone")),
	), "of the load by default, too")
	d := p.tracked("loaded", enabled(annotations.RequestsPerSecondPerPod, "50"))
	p.create(d)
	p.Expect(strings.Join(p.warnings.take(), "\n")).To(gomega.ContainSubstring("LoadMetricMissing"))
	p.attached("loaded")
	metrics := func() []autoscalingv2.MetricSpec { return p.hpa("loaded").Spec.Metrics }
	p.Consistently(metrics, time.Second).Should(gomega.HaveLen(1))

	p.configure(func(string) string {
		return generator.AdapterConfig(generator.SeedAdapterRule(), generator.AdapterRule(generator.Rule{Metric: annotations.RequestsMetric}))
	})
	p.Eventually(metrics).Should(gomega.HaveLen(2))
	load := metrics()[1].Object
	p.Expect(load.Metric.Name).To(gomega.Equal(annotations.RequestsMetric))
	p.Expect(load.DescribedObject.Name).To(gomega.Equal("echo"))
	p.Expect(load.Target.AverageValue.String()).To(gomega.Equal("50"))

	// What the HPA controller could not remove pods by goes with its rule.
	p.apply(guide.Adapter)
	p.restartAdapter()
	p.Eventually(metrics).Should(gomega.HaveLen(1))
	p.Expect(p.client.Delete(p.ctx, d)).To(gomega.Succeed())
	p.gone("loaded")
}

// learned has one leader die after it wrote what it learned of a workload with nothing but a
// target: the next scales by that, and after another restart the autoscaler is not written.
func (p *pipelineTest) learned() {
	p.configure(func(string) string {
		return generator.AdapterConfig(generator.SeedAdapterRule(), generator.AdapterRule(generator.Rule{Metric: annotations.RequestsMetric}))
	})
	d := p.tracked("learner", enabled())
	p.create(d)
	p.attached("learner")
	metrics := func() (out []string) {
		for _, m := range p.hpa("learner").Spec.Metrics {
			target := m.Object.Target.Value
			if target == nil {
				target = m.Object.Target.AverageValue
			}
			out = append(out, m.Object.Metric.Name+" "+target.String())
		}
		return out
	}
	p.Eventually(metrics).Should(gomega.Equal([]string{annotations.DefaultMetric + " 40", annotations.RequestsMetric + " 1M"}))
	c := p.policies()
	p.Eventually(func() bool { la := p.status(c, "learner"); return la != nil && la.Status.Plan != nil }).Should(gomega.BeTrue())

	p.failOver(func() {
		la := p.status(c, "learner")
		la.Status.Load = &v1alpha1.LearnedLoad{RequestsPerSecondPerPod: ptr.To(resource.MustParse("12")), LatencyTarget: ptr.To(resource.MustParse("60"))}
		p.Expect(c.Status().Update(p.ctx, la)).To(gomega.Succeed())
	})
	p.Eventually(metrics).Should(gomega.Equal([]string{annotations.DefaultMetric + " 60", annotations.RequestsMetric + " 12"}))
	p.Expect(p.status(c, "learner").Status.Load.RequestsPerSecondPerPod.String()).To(gomega.Equal("12"))

	generation := p.hpa("learner").Generation
	p.failOver(func() {})
	p.Eventually(p.reconciles).WithTimeout(waitLong).Should(gomega.BeNumerically(">", 0))
	p.Consistently(func() int64 { return p.hpa("learner").Generation }, 2*time.Second).Should(gomega.Equal(generation))

	p.apply(guide.Adapter)
	p.restartAdapter()
	p.Expect(p.client.Delete(p.ctx, d)).To(gomega.Succeed())
	p.gone("learner")
}
