package webhook

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

var app = map[string]string{"app": "echo"}

func deploymentWith(replicas *int32, settings map[string]string) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "echo", UID: "u", Annotations: settings}}
	d.Spec.Replicas = replicas
	d.Spec.Template.Labels = app
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "echo", Image: "echo:1"}}
	return d
}

func serviceWith(name string, settings map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Annotations: settings},
		Spec:       corev1.ServiceSpec{Selector: app},
	}
}

// clusterOf is a warm cluster that holds these objects.
func clusterOf(t testing.TB, objects ...client.Object) Knowledge {
	t.Helper()
	b := &indexedBuilder{fake.NewClientBuilder().WithObjects(objects...)}
	if err := cache.AddIndexes(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	return Knowledge{Reader: b.Build(), Warm: func() bool { return true }}
}

// indexedBuilder adds the indexes of the cache to the fake client.
type indexedBuilder struct{ *fake.ClientBuilder }

func (b *indexedBuilder) IndexField(_ context.Context, o client.Object, name string, f client.IndexerFunc) error {
	b.WithIndex(o, name, f)
	b.WithIndex(o, cache.First(name), f)
	return nil
}

func request(t testing.TB, op admissionv1.Operation, before, after client.Object) admission.Request {
	t.Helper()
	encode := func(o client.Object) runtime.RawExtension {
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return runtime.RawExtension{Raw: raw}
	}
	req := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: op, Namespace: "ns", Name: after.GetName(), Object: encode(after)}}
	if before != nil {
		req.OldObject = encode(before)
	}
	return req
}

// reviewOf is the request as it comes out of its encoding.
func reviewOf[T any](t testing.TB, req admission.Request) review[T] {
	t.Helper()
	r, err := decodeReview[T](encodeReview(t, req))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ask(more ...string) map[string]string {
	m := map[string]string{annotations.TargetMS: "40"}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// expect fails unless the lines are as many as the wanted texts, each holding its own.
func expect(t *testing.T, lines []string, wanted ...string) {
	t.Helper()
	if len(lines) != len(wanted) {
		t.Fatalf("said %q, want %q", lines, wanted)
	}
	for i, want := range wanted {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
		if len(lines[i]) > render.MaxWarning {
			t.Errorf("line %d is %d bytes long: %q", i, len(lines[i]), lines[i])
		}
	}
}

func TestDeploymentLines(t *testing.T) {
	const plan = "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"
	update, create := admissionv1.Update, admissionv1.Create
	echo := serviceWith("echo", nil)
	tests := map[string]struct {
		op            admissionv1.Operation
		before, after map[string]string
		services      []client.Object
		want          []string
	}{
		"created":            {create, nil, ask(), []client.Object{echo}, []string{"will attach " + plan}},
		"annotation added":   {update, nil, ask(), []client.Object{echo}, []string{"will attach " + plan}},
		"nothing changed":    {update, ask(), ask(), []client.Object{echo}, nil},
		"target changed":     {update, map[string]string{annotations.TargetMS: "30"}, ask(), []client.Object{echo}, []string{"will change HPA echo: target 30 ms to 40 ms"}},
		"behavior changed":   {update, ask(), ask(annotations.Behavior, "stable"), []client.Object{echo}, []string{"will change HPA echo: requests per second per pod not learned yet to none, behavior steady to stable"}},
		"nothing of the HPA": {update, ask(), ask(annotations.PreserveReplicas, "false"), []client.Object{echo}, nil},
		"annotation removed": {update, ask(), nil, []client.Object{echo}, []string{"will detach"}},
		"before its Service": {create, nil, ask(), nil, []string{"NoServiceSelectsPods: no Service in namespace ns selects its pods; attached as soon as it exists"}},
		"ambiguous":          {create, nil, ask(), []client.Object{echo, serviceWith("echo2", nil)}, []string{"AmbiguousService: Services echo and echo2 select its pods; annotate the Deployment with kong.latency/service: echo"}},
		"no target":          {create, nil, map[string]string{annotations.MinReplicas: "2"}, []client.Object{echo}, []string{"no effect"}},
		"Service requests":   {update, nil, map[string]string{annotations.MinReplicas: "1"}, []client.Object{serviceWith("echo", ask())}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, tt.services...)
			var before client.Object
			if tt.op == update {
				before = deploymentWith(ptr.To[int32](1), tt.before)
			}
			resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, tt.op, before, deploymentWith(ptr.To[int32](1), tt.after))))
			if !resp.Allowed {
				t.Fatalf("refused: %v", resp.Result)
			}
			expect(t, resp.Warnings, tt.want...)
		})
	}
}

func TestServiceLines(t *testing.T) {
	d := deploymentWith(nil, nil)
	tests := map[string]struct {
		before, after map[string]string
		objects       []client.Object
		want          []string
	}{
		"annotation added":      {nil, ask(), []client.Object{d}, []string{"will attach HPA echo"}},
		"annotation removed":    {ask(), nil, []client.Object{d}, []string{"will detach"}},
		"nothing changed":       {ask(), ask(), []client.Object{d}, nil},
		"before its Deployment": {nil, ask(), nil, []string{"NoDeploymentSelected"}},
		"names a missing one":   {nil, ask(annotations.Deployment, "gone"), []client.Object{d}, []string{"DeploymentNotFound"}},
		"they disagree":         {nil, ask(), []client.Object{deploymentWith(nil, map[string]string{annotations.TargetMS: "50"})}, []string{"SettingsDisagree"}},
		"no target":             {nil, map[string]string{annotations.MaxReplicas: "3"}, []client.Object{d}, []string{"no effect"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, append(tt.objects, serviceWith("echo", tt.before))...)
			resp := c.validateService(t.Context(), reviewOf[service](t, request(t, admissionv1.Update, serviceWith("echo", tt.before), serviceWith("echo", tt.after))))
			if !resp.Allowed {
				t.Fatalf("refused: %v", resp.Result)
			}
			expect(t, resp.Warnings, tt.want...)
		})
	}
}

func TestRefusalHoldsEverything(t *testing.T) {
	c := clusterOf(t)
	bad := map[string]string{annotations.TargetMS: "40ms", annotations.MinReplicas: "0"}
	for _, resp := range []admission.Response{
		c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, deploymentWith(nil, bad)))),
		c.validateService(t.Context(), reviewOf[service](t, request(t, admissionv1.Create, nil, serviceWith("echo", bad)))),
	} {
		if resp.Allowed || resp.Result.Code != 403 || len(resp.Result.Details.Causes) != 2 {
			t.Fatalf("answered %+v, want a refusal with two causes", resp.Result)
		}
		for _, want := range []string{annotations.TargetMS, `"40ms"`, annotations.MinReplicas, `"0"`, "must be a decimal", "must be an integer"} {
			if !strings.Contains(resp.Result.Message, want) {
				t.Errorf("message %q lacks %q", resp.Result.Message, want)
			}
		}
	}
}

func TestDeletionIsNeverRefused(t *testing.T) {
	d := deploymentWith(nil, map[string]string{annotations.TargetMS: "bad"})
	d.DeletionTimestamp = &metav1.Time{}
	d.DeletionTimestamp.Time = metav1.Now().Time
	if resp := clusterOf(t).validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, d, d))); !resp.Allowed {
		t.Errorf("refused the removal of a finalizer: %v", resp.Result)
	}
}

func TestColdCacheConcludesNothing(t *testing.T) {
	c := clusterOf(t)
	c.Warm = func() bool { return false }
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, deploymentWith(nil, ask()))))
	if !resp.Allowed {
		t.Fatalf("refused: %v", resp.Result)
	}
	expect(t, resp.Warnings, "PairingUnknown")
}

func TestMutateRaisesReplicasOnCreate(t *testing.T) {
	min3 := ask(annotations.MinReplicas, "3")
	tests := map[string]struct {
		replicas *int32
		settings map[string]string
		service  map[string]string
		want     int32 // 0: no patch
	}{
		"absent":           {nil, min3, nil, 3},
		"below":            {ptr.To[int32](2), min3, nil, 3},
		"at the minimum":   {ptr.To[int32](3), min3, nil, 0},
		"above":            {ptr.To[int32](5), min3, nil, 0},
		"turned off":       {ptr.To[int32](0), min3, nil, 0},
		"bad settings":     {ptr.To[int32](1), ask(annotations.MinReplicas, "x"), nil, 0},
		"no target":        {ptr.To[int32](1), map[string]string{annotations.MinReplicas: "3"}, nil, 0},
		"Service's target": {ptr.To[int32](1), map[string]string{annotations.MinReplicas: "3"}, map[string]string{annotations.TargetMS: "40"}, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, serviceWith("echo", tt.service))
			req := request(t, admissionv1.Create, nil, deploymentWith(tt.replicas, tt.settings))
			resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req))
			if !resp.Allowed {
				t.Fatalf("refused: %v", resp.Result)
			}
			if (len(resp.Patches) > 0) != (tt.want > 0) {
				t.Fatalf("patches are %v, want replicas %d", resp.Patches, tt.want)
			}
			if tt.want == 0 {
				return
			}
			raw := applied(t, req.Object.Raw, resp)
			var d appsv1.Deployment
			if err := json.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
			if *d.Spec.Replicas != tt.want || d.Spec.Template.Spec.Containers[0].Image != "echo:1" {
				t.Errorf("patched spec is %+v", d.Spec)
			}
			req.Object.Raw = raw
			if again := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req)); len(again.Patches) > 0 {
				t.Errorf("a second call patches again: %v", again.Patches)
			}
		})
	}
}

// applied is the object after the response's patches, as the API server applies them.
func applied(t testing.TB, raw []byte, resp admission.Response) []byte {
	t.Helper()
	encoded, err := json.Marshal(resp.Patches)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(encoded)
	if err != nil {
		t.Fatal(err)
	}
	out, err := patch.Apply(raw)
	if err != nil {
		t.Fatalf("the patch %s does not apply: %v", encoded, err)
	}
	return out
}

// emptySnapshot is of a cluster with everything installed, a Prometheus, and nothing that it
// could scrape: the hops are broken.
func emptySnapshot() *pipeline.Snapshot {
	return &pipeline.Snapshot{
		OperatorServices: pipeline.KnownSet(pipeline.OperatorService{Namespace: "kong-system", Name: "kong-operator-metrics",
			Ports: []pipeline.ServicePort{{Name: "http", Port: 8080, TargetPort: "metrics"}}}),
		Namespaces: pipeline.KnownSet[pipeline.Namespace](), ServiceMonitors: pipeline.KnownSet[*monitoringv1.ServiceMonitor](),
		Prometheuses: pipeline.KnownSet(pipelinetest.GoodPrometheus()),
		PodMonitors:  pipeline.KnownSet[pipeline.PodMonitor](), ScrapeConfigs: pipeline.KnownSet[pipeline.ScrapeConfig](),
	}
}

func TestJudgeRatchets(t *testing.T) {
	empty := emptySnapshot()
	c := clusterOf(t, serviceWith("echo", nil))
	c.Pipeline = func() *pipeline.Evaluator { return pipeline.NewEvaluator(empty) }
	before, after := deploymentWith(nil, ask()), deploymentWith(nil, ask())
	after.Spec.Template.Spec.Containers[0].Image = "echo:2"

	refused := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, after)))
	if refused.Allowed || !strings.Contains(refused.Result.Message, "ServiceMonitorNotFound") {
		t.Errorf("a new Deployment got %+v", refused.Result)
	}
	if _, manifest, ok := strings.Cut(refused.Result.Message, "\n---\n"); !ok || !strings.Contains(manifest, "kind: ServiceMonitor") {
		t.Errorf("the refusal has no YAML: %s", refused.Result.Message)
	}
	admitted := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, before, after)))
	if !admitted.Allowed || !strings.Contains(strings.Join(admitted.Warnings, "\n"), "ServiceMonitorNotFound") {
		t.Errorf("an image change got %+v", admitted)
	}
	changed := deploymentWith(nil, ask(annotations.MaxReplicas, "3"))
	if resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, before, changed))); resp.Allowed {
		t.Errorf("changed settings got %+v", resp)
	}
	if resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, before, deploymentWith(nil, nil)))); !resp.Allowed {
		t.Errorf("the removal of the annotation got %+v", resp.Result)
	}
}
