package webhook

import (
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kjson "sigs.k8s.io/json"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// hpaOf is what the product made for the Deployment echo, with bounds.
func hpaOf(least, most int32) *autoscalingv2.HorizontalPodAutoscaler {
	h := theirHPA("echo")
	h.Labels = map[string]string{generator.ManagedByLabel: generator.ManagedBy}
	h.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "echo", UID: "u", Controller: ptr.To(true)}}
	h.Spec.MinReplicas, h.Spec.MaxReplicas = ptr.To(least), most
	return h
}

// theirHPA is somebody's who scales the Deployment echo.
func theirHPA(name string) *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "h"}}
	h.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "echo"}
	return h
}

func TestReplicaGuard(t *testing.T) {
	echo, enabled := serviceWith("echo", nil), serviceWith("echo", ask())
	theirs := theirHPA("echo")
	adopted := theirHPA("old")
	adopted.Annotations = map[string]string{output.PreviousSpec: "{}"}
	adopted.Spec.MaxReplicas = 10
	tests := map[string]struct {
		settings map[string]string
		there    []client.Object
		from, to int32
		want     int32
	}{
		"a manifest is applied again":            {ask(), []client.Object{echo, hpaOf(1, 10)}, 8, 1, 8},
		"more than there are":                    {ask(), []client.Object{echo, hpaOf(1, 10)}, 2, 9, 2},
		"attached by the Service":                {nil, []client.Object{enabled, hpaOf(1, 10)}, 8, 1, 8},
		"adopted":                                {ask(annotations.Adopt, "old"), []client.Object{echo, adopted}, 8, 1, 8},
		"to zero":                                {ask(), []client.Object{echo, hpaOf(1, 10)}, 8, 0, 0},
		"from zero":                              {ask(), []client.Object{echo, hpaOf(1, 10)}, 0, 3, 3},
		"not preserved":                          {ask(annotations.PreserveReplicas, "false"), []client.Object{echo, hpaOf(1, 10)}, 8, 1, 1},
		"not preserved by the Service":           {nil, []client.Object{serviceWith("echo", ask(annotations.PreserveReplicas, "false")), hpaOf(1, 10)}, 8, 1, 1},
		"live above the bounds":                  {ask(), []client.Object{echo, hpaOf(1, 10)}, 20, 1, 10},
		"live below the bounds":                  {ask(annotations.MinReplicas, "3"), []client.Object{echo, hpaOf(1, 10)}, 2, 1, 3},
		"the manifest is what the bounds say":    {ask(annotations.MaxReplicas, "4"), []client.Object{echo, hpaOf(1, 10)}, 8, 4, 4},
		"nobody requests any more":               {nil, []client.Object{echo, hpaOf(1, 10)}, 8, 1, 1},
		"not attached yet":                       {ask(), []client.Object{echo}, 8, 1, 1},
		"another's":                              {ask(), []client.Object{echo, theirs}, 8, 1, 1},
		"blocked, and attached from before":      {ask(), []client.Object{echo, serviceWith("echo2", nil), hpaOf(2, 5)}, 8, 1, 5},
		"a bad setting, and attached before":     {ask(annotations.Paused, "x"), []client.Object{echo, hpaOf(1, 10)}, 8, 1, 8},
		"blocked, attached, and not to preserve": {ask(annotations.PreserveReplicas, "false"), []client.Object{echo, serviceWith("echo2", nil), hpaOf(2, 5)}, 8, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, tt.there...)
			req := request(t, admissionv1.Update, deploymentWith(&tt.from, tt.settings), deploymentWith(&tt.to, tt.settings))
			resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req))
			if !resp.Allowed {
				t.Fatalf("not allowed: %v", resp.Result)
			}
			var got appsv1.Deployment
			if err := kjson.UnmarshalCaseSensitivePreserveInts(applied(t, req.Object.Raw, resp), &got); err != nil {
				t.Fatal(err)
			}
			if *got.Spec.Replicas != tt.want {
				t.Errorf("replicas are %d, want %d", *got.Spec.Replicas, tt.want)
			}
			if tt.want == tt.to {
				expect(t, resp.Warnings)
			} else {
				expect(t, resp.Warnings, "kept spec.replicas at ")
			}
		})
	}
}

// kubectl replace sends a manifest, which has no UID.
func TestReplicaGuardOfAReplacedObject(t *testing.T) {
	manifest := deploymentWith(ptr.To[int32](1), ask())
	manifest.UID = ""
	c := clusterOf(t, serviceWith("echo", nil), hpaOf(1, 10))
	resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, deploymentWith(ptr.To[int32](8), ask()), manifest)))
	expect(t, resp.Warnings, "kept spec.replicas at 8")
}

func TestReplicaGuardDoesNothingWithAColdCache(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil), hpaOf(1, 10))
	c.Warm = func() bool { return false }
	resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, deploymentWith(ptr.To[int32](8), ask()), deploymentWith(ptr.To[int32](1), ask()))))
	if !resp.Allowed || len(resp.Patches) > 0 || len(resp.Warnings) > 0 {
		t.Errorf("answer is %+v", resp)
	}
}

func TestAnAnnotationInConflictIsRefused(t *testing.T) {
	update, create := admissionv1.Update, admissionv1.Create
	echo, theirs := serviceWith("echo", nil), theirHPA("old")
	tests := map[string]struct {
		op            admissionv1.Operation
		before, after map[string]string
		there         []client.Object
		refused       string
		warned        []string
	}{
		"created beside another":      {create, nil, ask(), []client.Object{echo, theirs}, "AnotherAutoscaler: HorizontalPodAutoscaler old scales it", nil},
		"annotated beside another":    {update, nil, ask(), []client.Object{echo, theirs}, "AnotherAutoscaler", nil},
		"an update changes nothing":   {update, ask(), ask(), []client.Object{echo, theirs}, "", []string{"AnotherAutoscaler"}},
		"managed was there first":     {update, ask(), ask(annotations.MaxReplicas, "5"), []client.Object{echo, theirs, hpaOf(1, 10)}, "", []string{"AnotherAutoscaler", "will change"}},
		"adopted instead":             {create, nil, ask(annotations.Adopt, "old"), []client.Object{echo, theirs}, "", []string{"will adopt HPA old"}},
		"adopt names nothing":         {create, nil, ask(annotations.Adopt, "x"), []client.Object{echo}, "", []string{"AdoptedNotFound", "will attach HPA echo"}},
		"adopt names another's":       {create, nil, ask(annotations.Adopt, "x"), []client.Object{echo, scaling(theirHPA("x"), "other")}, "AdoptedScalesOther", nil},
		"the name is taken":           {create, nil, ask(), []client.Object{echo, scaling(theirHPA("echo"), "other")}, "NameTaken", nil},
		"the annotation is taken off": {update, ask(), nil, []client.Object{echo, theirs}, "", []string{"will detach"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var before client.Object
			if tt.op == update {
				before = deploymentWith(nil, tt.before)
			}
			resp := clusterOf(t, tt.there...).validateDeployment(t.Context(), reviewOf[deployment](t, request(t, tt.op, before, deploymentWith(nil, tt.after))))
			if resp.Allowed != (tt.refused == "") {
				t.Fatalf("allowed is %v: %v", resp.Allowed, resp.Result)
			}
			if tt.refused != "" {
				expect(t, []string{resp.Result.Message[:min(len(resp.Result.Message), render.MaxWarning)]}, tt.refused)
				return
			}
			expect(t, resp.Warnings, tt.warned...)
		})
	}
}

func TestAServiceInConflictIsRefused(t *testing.T) {
	c := clusterOf(t, deploymentWith(nil, nil), theirHPA("old"), serviceWith("echo", nil))
	resp := c.validateService(t.Context(), reviewOf[service](t, request(t, admissionv1.Update, serviceWith("echo", nil), serviceWith("echo", ask()))))
	if resp.Allowed {
		t.Error("allowed")
	}
}

func TestAConflictThatThePolicyOnlyWarnsOf(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil), theirHPA("old"))
	c.Policies = warningOfConflicts()
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(ask()))))
	if !resp.Allowed {
		t.Fatal(resp.Result)
	}
	expect(t, resp.Warnings, "AnotherAutoscaler")
}

func TestAScaledObjectIsAConflict(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	c.Neighbors = func() *cache.Neighbors {
		sets := cache.NoNeighbors()
		sets.ScaledObjects = pipeline.KnownSet(model.Autoscaler{
			Kind: model.KindScaledObject, Namespace: "ns", Name: "so", Scales: model.Ref{Kind: "Deployment", Name: "echo"},
		})
		return cache.NewNeighbors(sets, nil)
	}
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, deploymentWith(nil, ask()))))
	if resp.Allowed {
		t.Error("allowed")
	}
}

func scaling(h *autoscalingv2.HorizontalPodAutoscaler, deployment string) *autoscalingv2.HorizontalPodAutoscaler {
	h.Spec.ScaleTargetRef.Name = deployment
	return h
}
