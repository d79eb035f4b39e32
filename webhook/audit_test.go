package webhook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/logs"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// The audit event of a request says what was decided about it, and of an ordinary one
// nothing.
func TestAuditAnnotations(t *testing.T) {
	type values = map[string]string
	create, update := admissionv1.Create, admissionv1.Update
	echo := serviceWith("echo", nil)
	auto := frame(func(s *v1alpha1.LatencyPolicySpec) {
		s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("50")}
		s.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](2)}
	})
	for name, tt := range map[string]struct {
		path          string
		op            admissionv1.Operation
		before, after client.Object
		there         []client.Object
		change        func(*Knowledge)
		want          values
	}{
		"denied": {ValidateDeploymentsPath, create, nil, deploymentWith(nil, ask(annotations.Paused, "x", annotations.MinReplicas, "0")), nil, nil,
			values{"denied": "InvalidAnnotation"}},
		"denied for two reasons": {ValidateDeploymentsPath, create, nil, webDeployment(ask(annotations.MaxReplicas, "30", annotations.Behavior, "clam")),
			[]client.Object{echo}, func(c *Knowledge) { c.Policies = auto }, values{"denied": "LimitExceeded,UnknownBehavior"}},
		"attached": {ValidateDeploymentsPath, create, nil, deploymentWith(nil, ask()), []client.Object{echo}, nil,
			values{"effects": "attach HPA echo"}},
		"changed": {ValidateDeploymentsPath, update, deploymentWith(nil, ask()), deploymentWith(nil, ask(annotations.Behavior, "stable")), []client.Object{echo}, nil,
			values{"effects": "change HPA echo: requests per second per pod not learned yet to none, behavior steady to stable"}},
		"adopted": {ValidateDeploymentsPath, create, nil, deploymentWith(nil, ask(annotations.Adopt, "old")), []client.Object{echo, theirHPA("old")}, nil,
			values{"effects": "adopt HPA old"}},
		"detached": {ValidateServicesPath, update, serviceWith("echo", ask()), echo, []client.Object{deploymentWith(nil, nil)}, nil,
			values{"effects": "detach the HPA"}},
		"warned": {ValidateDeploymentsPath, create, nil, deploymentWith(nil, ask()), nil, nil, values{"warned": "NoServiceSelectsPods"}},
		"warned of its pipeline": {ValidateDeploymentsPath, update, deploymentWith(nil, ask()), deploymentWith(nil, ask()), []client.Object{echo},
			func(c *Knowledge) {
				c.Pipeline = func() *pipeline.Evaluator { return pipeline.NewEvaluator(emptySnapshot()) }
			}, values{"warned": "ServiceMonitorNotFound"}},
		"nothing changes": {ValidateDeploymentsPath, update, deploymentWith(nil, ask()), deploymentWith(nil, ask()), []client.Object{echo}, nil, nil},
		"replicas kept": {MutateDeploymentsPath, update, deploymentWith(ptr.To[int32](8), ask()), deploymentWith(ptr.To[int32](1), ask()),
			[]client.Object{echo, hpaOf(1, 10)}, nil, values{"replicas": "1 to 8"}},
		"auto-attached": {MutateDeploymentsPath, create, nil, webDeployment(nil), []client.Object{echo}, func(c *Knowledge) { c.Policies = auto },
			values{"target": "50 by LatencyPolicy frame", "replicas": "1 to 2"}},
		"not patched": {MutateDeploymentsPath, create, nil, deploymentWith(nil, ask()), []client.Object{echo}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, tt.there...)
			if tt.change != nil {
				tt.change(&c)
			}
			got := served(t, Handlers(c)[tt.path], post(encodeReview(t, request(t, tt.op, tt.before, tt.after))))
			if diff := cmp.Diff(tt.want, got.AuditAnnotations); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditAnnotationsOfPolicies(t *testing.T) {
	bad := policyWith("frame", v1alpha1.LatencyPolicySpec{Defaults: &v1alpha1.Defaults{Behavior: "clam"}})
	h := Handlers(clusterOf(t))[ValidateLatencyPoliciesPath]
	for _, tt := range []struct {
		op     admissionv1.Operation
		before client.Object
		want   map[string]string
	}{
		{admissionv1.Create, nil, map[string]string{"denied": "PolicyInvalid"}},
		{admissionv1.Update, bad, map[string]string{"warned": "PolicyInvalid"}},
	} {
		got := served(t, h, post(encodeReview(t, request(t, tt.op, tt.before, bad))))
		if diff := cmp.Diff(tt.want, got.AuditAnnotations); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.op, diff)
		}
	}
}

func TestAuditAnnotationsAreShort(t *testing.T) {
	resp := refuse([]finding.Finding{testutil.Finding(strings.Repeat("x", 2*render.MaxNote), finding.Error, nil, "")})
	if n := len(resp.AuditAnnotations[logs.AuditDenied.Key]); n == 0 || n > render.MaxNote {
		t.Errorf("it has %d bytes", n)
	}
}
