package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// attaching is the policy frame with auto-attach at 50 ms.
func attaching(edits ...func(*v1alpha1.LatencyPolicySpec)) plan.Policies {
	return frame(append(edits, func(s *v1alpha1.LatencyPolicySpec) {
		s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("50")}
	})...)
}

// stamped is what auto-attach writes of frame, beside more.
func stamped(more ...string) map[string]string {
	m := map[string]string{annotations.TargetMS: "50", annotations.AttachedBy: "frame=50"}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

func TestStampOfAutoAttach(t *testing.T) {
	echo, off := serviceWith("echo", nil), map[string]string{annotations.TargetMS: annotations.Off}
	tests := map[string]struct {
		before   map[string]string // on an update
		update   bool
		settings map[string]string
		services []client.Object
		want     map[string]string // nil: nothing is patched
	}{
		"created":                          {services: []client.Object{echo}, want: stamped()},
		"created with other annotations":   {settings: map[string]string{"a/b": "c"}, services: []client.Object{echo}, want: stamped("a/b", "c")},
		"created with a setting":           {settings: map[string]string{annotations.Paused: "true"}, services: []client.Object{echo}, want: stamped(annotations.Paused, "true")},
		"created with its own target":      {settings: ask(), services: []client.Object{echo}},
		"created with the policy's target": {settings: map[string]string{annotations.TargetMS: "50"}, services: []client.Object{echo}},
		"created with a bad target":        {settings: map[string]string{annotations.TargetMS: "x"}, services: []client.Object{echo}},
		"created with a bad setting":       {settings: map[string]string{annotations.Paused: "x"}, services: []client.Object{echo}},
		"created off":                      {settings: off, services: []client.Object{echo}},
		"its Service declines":             {services: []client.Object{serviceWith("echo", off)}},
		"its Service requests":             {services: []client.Object{serviceWith("echo", ask())}},
		"before its Service":               {},
		"two Services":                     {services: []client.Object{echo, serviceWith("echo2", nil)}},
		"copied with a stamp":              {settings: ask(annotations.AttachedBy, "other=40"), services: []client.Object{echo}, want: stamped()},
		"was there before":                 {update: true, services: []client.Object{echo}, want: stamped()},
		"replaced without the stamp":       {update: true, before: stamped(), services: []client.Object{echo}, want: stamped()},
		"applied again, stamp kept":        {update: true, before: stamped(), settings: stamped(), services: []client.Object{echo}},
		"target in another spelling":       {update: true, before: stamped(), settings: stamped(annotations.TargetMS, "50.0"), services: []client.Object{echo}, want: stamped()},
		"policy's target changed since":    {update: true, before: ask(annotations.AttachedBy, "frame=40"), settings: ask(annotations.AttachedBy, "frame=40"), services: []client.Object{echo}, want: stamped()},
		"target taken over":                {update: true, before: stamped(), settings: stamped(annotations.TargetMS, "45"), services: []client.Object{echo}},
		"turned off":                       {update: true, before: stamped(), settings: stamped(annotations.TargetMS, annotations.Off), services: []client.Object{echo}},
		"no longer off":                    {update: true, before: off, services: []client.Object{echo}, want: stamped()},
		"own target removed":               {update: true, before: ask(), services: []client.Object{echo}, want: stamped()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, tt.services...)
			c.Policies = attaching()
			op, before := admissionv1.Create, client.Object(nil)
			if tt.update {
				op, before = admissionv1.Update, webDeployment(tt.before)
			}
			req := request(t, op, before, webDeployment(maps.Clone(tt.settings)))
			resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req))
			if !resp.Allowed {
				t.Fatalf("refused: %v", resp.Result)
			}
			if tt.want == nil {
				if len(resp.Patches) > 0 || len(resp.Warnings) > 0 {
					t.Fatalf("patches %v and says %q", resp.Patches, resp.Warnings)
				}
				return
			}
			expect(t, resp.Warnings, `LatencyPolicy frame enables autoscaling: wrote kong.latency/target-ms: "50"; set it to "off" to opt out`)
			raw := applied(t, req.Object.Raw, resp)
			var d appsv1.Deployment
			if err := json.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, d.Annotations); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
			d.Annotations = tt.settings
			if diff := cmp.Diff(webDeployment(tt.settings), client.Object(&d)); diff != "" {
				t.Errorf("more than annotations changed (-want +got):\n%s", diff)
			}
			req.Object.Raw = raw
			if again := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req)); len(again.Patches) > 0 || len(again.Warnings) > 0 {
				t.Errorf("a second call patches %v and says %q", again.Patches, again.Warnings)
			}
		})
	}
}

func TestStampFitsWhateverStandsForNoAnnotations(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	c.Policies = attaching()
	for _, none := range []string{``, `,"annotations":null`, `,"annotations":{}`} {
		req := request(t, admissionv1.Create, nil, webDeployment(nil))
		req.Object.Raw = []byte(`{"metadata":{"name":"echo","labels":{"tier":"web"}` + none + `},"spec":{"template":{"metadata":{"labels":{"app":"echo"}}}}}`)
		resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req))
		var d appsv1.Deployment
		if err := json.Unmarshal(applied(t, req.Object.Raw, resp), &d); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(d.Annotations, stamped()) {
			t.Errorf("with %q: annotations %v", none, d.Annotations)
		}
	}
}

func TestStampIsWrittenOnlyByWhatIsKnown(t *testing.T) {
	echo := serviceWith("echo", nil)
	unknown := attaching().(plan.PolicySet)
	unknown.Namespace = func(string) (map[string]string, bool) { return nil, false }
	unlabelled := attaching().(plan.PolicySet)
	unlabelled.Namespace = func(string) (map[string]string, bool) { return nil, true }
	deleting := webDeployment(nil)
	deleting.SetDeletionTimestamp(ptr.To(metav1.Now()))
	tests := map[string]struct {
		edit func(*Knowledge)
		o    client.Object
	}{
		"namespace unknown":            {func(c *Knowledge) { c.Policies = unknown }, webDeployment(nil)},
		"namespace does not take part": {func(c *Knowledge) { c.Policies = unlabelled }, webDeployment(nil)},
		"policy does not attach":       {func(c *Knowledge) { c.Policies = frame() }, webDeployment(nil)},
		"no policy":                    {func(c *Knowledge) { c.Policies = nil }, webDeployment(nil)},
		"another's Deployment":         {func(*Knowledge) {}, deploymentWith(nil, nil)},
		"being deleted":                {func(*Knowledge) {}, deleting},
		"caches cold":                  {func(c *Knowledge) { c.Warm = func() bool { return false } }, webDeployment(nil)},
		"caches fail":                  {func(c *Knowledge) { c.Reader = failing{c.Reader, new(bool)} }, webDeployment(nil)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, echo)
			c.Policies = attaching()
			tt.edit(&c)
			resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, tt.o)))
			if !resp.Allowed || len(resp.Patches) > 0 || len(resp.Warnings) > 0 {
				t.Errorf("answered %v, patches %v, said %q", resp.Result, resp.Patches, resp.Warnings)
			}
		})
	}
}

// failing loses one of the lists that are read, so that a Service may be missed.
type failing struct {
	client.Reader
	lost *bool
}

func (f failing) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if !*f.lost {
		*f.lost = true
		return errors.New("broken")
	}
	return f.Reader.List(ctx, list, opts...)
}

func TestStampAndReplicasInOnePatch(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	c.Policies = attaching(func(s *v1alpha1.LatencyPolicySpec) { s.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](4)} })
	req := request(t, admissionv1.Create, nil, webDeployment(nil))
	resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req))
	expect(t, resp.Warnings, "wrote kong.latency/target-ms", "raised spec.replicas from 1 to 4")
	var d appsv1.Deployment
	if err := json.Unmarshal(applied(t, req.Object.Raw, resp), &d); err != nil {
		t.Fatal(err)
	}
	if *d.Spec.Replicas != 4 || !maps.Equal(d.Annotations, stamped()) {
		t.Errorf("replicas %d, annotations %v", *d.Spec.Replicas, d.Annotations)
	}
	// What runs already is scaled by its autoscaler, not by admission.
	req = request(t, admissionv1.Update, webDeployment(nil), webDeployment(nil))
	if resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, req)); len(resp.Patches) != 3 {
		t.Errorf("an update is patched by %v", resp.Patches)
	}
}

func TestAStampIsNoChangeOfSettings(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	c.Policies = attaching()
	empty := emptySnapshot()
	c.Pipeline = func() *pipeline.Evaluator { return pipeline.NewEvaluator(empty) }
	// The first update since the policy is there, while monitoring is broken.
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, webDeployment(nil), webDeployment(stamped()))))
	if !resp.Allowed {
		t.Errorf("refused: %v", resp.Result)
	}
	// A target of one's own is a change of settings.
	own := stamped(annotations.TargetMS, "45")
	resp = c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, webDeployment(stamped()), webDeployment(own))))
	if resp.Allowed || !strings.Contains(resp.Result.Message, "ServiceMonitorNotFound") {
		t.Errorf("a target of its own got %+v", resp)
	}
}

func TestAStampThatNoPolicyStandsForHasNothingToWarnOf(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, webDeployment(stamped()), webDeployment(stamped()))))
	if !resp.Allowed || len(resp.Warnings) > 0 {
		t.Errorf("answered %v, %q", resp.Result, resp.Warnings)
	}
}

// Broken monitoring must not stop Deployments that only a policy enables.
func TestAutoAttachIsNeverDeniedForThePipeline(t *testing.T) {
	broken := emptySnapshot()
	c := clusterOf(t, serviceWith("echo", nil))
	c.Policies = attaching()
	c.Pipeline = func() *pipeline.Evaluator { return pipeline.NewEvaluator(broken) }
	for name, settings := range map[string]map[string]string{"unstamped": nil, "stamped": stamped()} {
		resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(settings))))
		if !resp.Allowed || !strings.Contains(strings.Join(resp.Warnings, "\n"), "ServiceMonitorNotFound") {
			t.Errorf("%s: answered %+v, want a warning", name, resp.AdmissionResponse)
		}
	}
	if resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(ask())))); resp.Allowed {
		t.Error("one that requests it itself is admitted all the same")
	}
}
