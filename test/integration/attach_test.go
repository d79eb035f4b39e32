package integration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

// seedHPA returns the guide's autoscaler as the API server completes it.
func seedHPA(e *env) *autoscalingv2.HorizontalPodAutoscaler {
	raw, err := os.ReadFile(filepath.Join(controlplane.RepoRoot(), "generator", "testdata", "seed.yaml"))
	e.Expect(err).NotTo(gomega.HaveOccurred())
	var h autoscalingv2.HorizontalPodAutoscaler
	e.Expect(yaml.UnmarshalStrict(raw, &h)).To(gomega.Succeed())
	h.Namespace, h.Name = e.namespace, "seed"
	e.Expect(e.client.Create(e.ctx, &h, client.DryRunAll)).To(gomega.Succeed())
	return &h
}

// defaultHPA is what a target alone attaches where no rule serves the load: the guide's
// autoscaler with the profile steady.
func defaultHPA(e *env) *autoscalingv2.HorizontalPodAutoscaler {
	h := seedHPA(e)
	rules := func(window int32, policies ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
		return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window, SelectPolicy: ptr.To(autoscalingv2.MaxChangePolicySelect), Policies: policies}
	}
	h.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{
		ScaleUp: rules(0, autoscalingv2.HPAScalingPolicy{Type: "Percent", Value: 100, PeriodSeconds: 60},
			autoscalingv2.HPAScalingPolicy{Type: "Pods", Value: 4, PeriodSeconds: 60}),
		ScaleDown: rules(300, autoscalingv2.HPAScalingPolicy{Type: "Percent", Value: 10, PeriodSeconds: 60},
			autoscalingv2.HPAScalingPolicy{Type: "Pods", Value: 1, PeriodSeconds: 60}),
	}
	return h
}

// The profile of Kong's guide attaches the autoscaler of the guide.
func TestItsBehaviorAttachesTheSeed(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil), e.deployment("echo", enabled(annotations.Behavior, "responsive")))
	e.Expect(e.attached("echo").Spec).To(gomega.Equal(seedHPA(e).Spec))
}

func TestOneAnnotationAttaches(t *testing.T) {
	e := newEnv(t)
	want := defaultHPA(e)
	d := e.deployment("echo", enabled())
	e.create(e.service("echo", nil), d)
	got := e.attached("echo")
	e.Expect(got.Spec).To(gomega.Equal(want.Spec))
	e.Expect(got.Labels).To(gomega.Equal(map[string]string{"app.kubernetes.io/managed-by": "kong-latency"}))
	e.Expect(got.Annotations).To(gomega.BeEmpty(), "annotations of the workload were copied")
	owner := metav1.GetControllerOf(got)
	e.Expect(owner).NotTo(gomega.BeNil())
	e.Expect(owner.UID).To(gomega.Equal(d.UID))
	e.Expect(e.eventOf("Deployment", "echo", "Attached")).To(gomega.Equal("attached " + echoPlan))
}

func TestAnnotationOnDeploymentAddedChangedRemoved(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", nil)
	e.create(e.service("echo", nil), d)
	annotate(e, d, enabled())
	first := e.attached("echo", target("40"))
	e.eventOf("Deployment", "echo", noMetricsAPI)
	annotate(e, d, enabled(annotations.TargetMS, "0.5", annotations.MaxReplicas, "20"))
	changed := e.attached("echo", target("500m"))
	e.Expect(changed.UID).To(gomega.Equal(first.UID), "it was replaced, not changed")
	e.Expect(changed.Spec.MaxReplicas).To(gomega.BeEquivalentTo(20))
	annotate(e, d, nil)
	e.gone("echo")
	e.eventOf("Deployment", "echo", "Detached")
	reasons, _ := e.events("Deployment", "echo")
	e.Expect(reasons).To(gomega.Equal([]string{"Attached", noMetricsAPI, "Updated", "Detached"}))
}

func TestAnnotationOnServiceAddedChangedRemoved(t *testing.T) {
	e := newEnv(t)
	s := e.service("echo", nil)
	e.create(s, e.deployment("echo", nil))
	annotate(e, s, enabled())
	e.attached("echo", target("40"))
	annotate(e, s, enabled(annotations.TargetMS, "50"))
	e.attached("echo", target("50"))
	annotate(e, s, nil)
	e.gone("echo")
}

func TestServiceBeforeDeploymentAndDeploymentBeforeService(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("one", enabled()), e.deployment("two", enabled()))
	e.eventOf("Service", "one", "NoDeploymentSelected")
	e.eventOf("Deployment", "two", "NoServiceSelectsPods")
	e.Expect(e.hpa("one")).To(gomega.BeNil())
	e.Expect(e.hpa("two")).To(gomega.BeNil())
	e.create(e.deployment("one", nil), e.service("two", nil))
	e.attached("one")
	e.attached("two")
}

func TestNamedPairings(t *testing.T) {
	e := newEnv(t)
	other := e.service("front", nil)
	other.Spec.Selector = map[string]string{"app": "echo"}
	e.create(e.service("echo", nil), other, e.deployment("echo", enabled(annotations.Service, "front")))
	h := e.attached("echo")
	e.Expect(h.Spec.Metrics[0].Object.DescribedObject.Name).To(gomega.Equal("front"))

	blue, green := e.deployment("blue", nil), e.deployment("green", nil)
	for _, d := range []*appsv1.Deployment{blue, green} {
		d.Spec.Template.Labels["site"] = "shop"
	}
	shop := e.service("shop", enabled(annotations.Deployment, "green"))
	shop.Spec.Selector = map[string]string{"site": "shop"}
	e.create(blue, green, shop)
	e.attached("green")
	e.Expect(e.hpa("blue")).To(gomega.BeNil())
	annotate(e, shop, enabled(annotations.Deployment, "blue"))
	e.attached("blue")
	e.gone("green")
}

func TestDeletedAndEditedAutoscalersAreRestored(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil), e.deployment("echo", enabled()))
	first := e.attached("echo")
	e.Expect(e.client.Delete(e.ctx, first)).To(gomega.Succeed())
	e.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return h.UID != first.UID })

	edits := map[string]func(*autoscalingv2.HorizontalPodAutoscaler){
		"max":    func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 3 },
		"target": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics[0].Object.Target.Value.Set(5) },
		"paused": func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
		},
		"label": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Labels = nil },
	}
	want := defaultHPA(e).Spec
	for name, change := range edits {
		h := e.hpa("echo")
		edit(e, h, change)
		edited := h.ResourceVersion
		e.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
			return h.ResourceVersion != edited && equalSpec(h.Spec, want) && len(h.Labels) == 1
		})
		t.Logf("an edit of %s was undone", name)
	}
}

func equalSpec(a, b autoscalingv2.HorizontalPodAutoscalerSpec) bool {
	ok, err := gomega.Equal(a).Match(b)
	return ok && err == nil
}

func TestCPUMetricBesideLatency(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", enabled(annotations.CPUUtilization, "70"))
	e.create(e.service("echo", nil), d)
	h := e.attached("echo")
	e.Expect(h.Spec.Metrics).To(gomega.HaveLen(2))
	e.Expect(h.Spec.Metrics[0].Object).NotTo(gomega.BeNil())
	e.Expect(*h.Spec.Metrics[1].Resource.Target.AverageUtilization).To(gomega.BeEquivalentTo(70))
	annotate(e, d, enabled())
	e.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return len(h.Spec.Metrics) == 1 })
}

func TestDeletingTheDeploymentDeletesTheAutoscaler(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", enabled())
	e.create(e.service("echo", nil), d)
	first := e.attached("echo")
	e.Expect(e.client.Delete(e.ctx, d, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(gomega.Succeed())
	e.gone("echo")
	// A new Deployment of the same name gets a new autoscaler.
	again := e.deployment("echo", enabled())
	e.create(again)
	h := e.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return h.UID != first.UID })
	e.Expect(metav1.GetControllerOf(h).UID).To(gomega.Equal(again.UID))
}

func TestAmbiguousPairingIsReportedAndNotAttached(t *testing.T) {
	e := newEnv(t)
	second := e.service("echo-internal", nil)
	second.Spec.Selector = map[string]string{"app": "echo"}
	d := e.deployment("echo", enabled())
	e.create(e.service("echo", nil), second)
	e.create(e.service("marker", nil), e.deployment("marker", enabled()))
	e.attached("marker") // by now the controller has seen the Services
	e.create(d)
	note := e.eventOf("Deployment", "echo", "AmbiguousService")
	e.Expect(note).To(gomega.ContainSubstring("Services echo and echo-internal"))
	e.Expect(e.hpa("echo")).To(gomega.BeNil())
	e.Expect(e.client.Delete(e.ctx, second)).To(gomega.Succeed())
	e.attached("echo")
}

func TestLaterAmbiguityDetachesNothing(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", enabled()), e.deployment("echo", nil))
	first := e.attached("echo")
	canary := e.deployment("canary", nil)
	canary.Spec.Template.Labels["app"] = "echo"
	canary.Spec.Selector.MatchLabels = map[string]string{"track": "canary"}
	canary.Spec.Template.Labels["track"] = "canary"
	e.create(canary)
	e.eventOf("Service", "echo", "AmbiguousDeployment")
	e.eventOf("Deployment", "echo", "AmbiguousDeployment")
	e.Expect(e.attached("echo").UID).To(gomega.Equal(first.UID))
}

func TestDisagreeingSettingsChangeNothing(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", enabled())
	s := e.service("echo", nil)
	e.create(s, d)
	first := e.attached("echo", target("40"))
	annotate(e, s, enabled(annotations.TargetMS, "50"))
	note := e.eventOf("Deployment", "echo", "SettingsDisagree")
	e.Expect(note).To(gomega.ContainSubstring(`kong.latency/target-ms is "40" here and "50" on Service echo`))
	e.Expect(e.hpa("echo").Spec).To(gomega.Equal(first.Spec))
}

func TestUnmanagedAutoscalerIsNotChanged(t *testing.T) {
	e := newEnv(t)
	other := seedHPA(e)
	other.ResourceVersion, other.UID, other.Name = "", "", "echo"
	other.Spec.MaxReplicas = 4
	other.Spec.ScaleTargetRef.Name = "other"
	d := e.deployment("echo", enabled())
	e.create(d)
	// Admission would refuse the annotation beside it. Created before the Service, only
	// the controller can notice it.
	e.create(other, e.service("echo", nil))
	note := e.eventOf("Deployment", "echo", "NameTaken")
	e.Expect(note).To(gomega.ContainSubstring("HorizontalPodAutoscaler echo exists already"))
	annotate(e, d, nil)
	e.create(e.deployment("marker", enabled()), e.service("marker", nil))
	e.attached("marker") // by now the controller has seen all of the above
	got := e.hpa("echo")
	e.Expect(got).NotTo(gomega.BeNil())
	e.Expect(got.UID).To(gomega.Equal(other.UID))
	e.Expect(got.Spec).To(gomega.Equal(other.Spec))
	e.Expect(got.OwnerReferences).To(gomega.BeEmpty())
	for _, m := range got.ManagedFields {
		e.Expect(m.Manager).NotTo(gomega.Equal("kong-latency"))
	}
	e.Expect(e.client.Delete(e.ctx, got)).To(gomega.Succeed())
	e.Eventually(func() error { return e.tryAnnotate("echo", enabled()) }).Should(gomega.Succeed())
	annotate(e, d, enabled())
	e.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return len(h.OwnerReferences) == 1 })
}
