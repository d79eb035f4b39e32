package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/logs"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// recording returns a context whose log appends its lines to the list.
func recording(t *testing.T, lines *[]map[string]any) context.Context {
	return log.IntoContext(t.Context(), funcr.NewJSON(func(line string) {
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "logger")
		delete(got, "level")
		*lines = append(*lines, got)
	}, funcr.Options{Verbosity: 0}))
}

// logged serves a request, and returns what is logged meanwhile.
func logged(t *testing.T, h http.Handler, req admission.Request) []map[string]any {
	t.Helper()
	var lines []map[string]any
	served(t, h, post(encodeReview(t, req)).WithContext(recording(t, &lines)))
	return lines
}

func TestDenialsAreLoggedAndNothingElse(t *testing.T) {
	echo := serviceWith("echo", nil)
	generated := deploymentWith(nil, ask(annotations.Paused, "x", annotations.MinReplicas, "0"))
	generated.Name, generated.GenerateName = "", "echo-"
	line := func(kind, namespace, name, operation string, dryRun bool, reasons ...any) []map[string]any {
		return []map[string]any{{"msg": logs.Denied.Message, "kind": kind, "namespace": namespace, "name": name, "operation": operation,
			"user": "jane", "dryRun": dryRun, "reasons": reasons, "omitted": 0.0}}
	}
	handlers := Handlers(clusterOf(t, echo, theirHPA("old")))
	for name, tt := range map[string]struct {
		path   string
		op     admissionv1.Operation
		object client.Object
		dryRun *bool
		want   []map[string]any
	}{
		"a conflict": {ValidateDeploymentsPath, admissionv1.Create, deploymentWith(nil, ask()), nil,
			line("Deployment", "ns", "echo", "CREATE", false, "AnotherAutoscaler")},
		"a dry run": {ValidateDeploymentsPath, admissionv1.Update, deploymentWith(nil, ask(annotations.Paused, "x")), ptr.To(true),
			line("Deployment", "ns", "echo", "UPDATE", true, "InvalidAnnotation")},
		"bad values, without a name": {ValidateDeploymentsPath, admissionv1.Create, generated, ptr.To(false),
			line("Deployment", "ns", "echo-", "CREATE", false, "InvalidAnnotation")},
		"a Service": {ValidateServicesPath, admissionv1.Create, serviceWith("shop", ask(annotations.Paused, "x")), nil,
			line("Service", "ns", "shop", "CREATE", false, "InvalidAnnotation")},
		"a policy": {ValidateLatencyPoliciesPath, admissionv1.Create, policyWith("frame", v1alpha1.LatencyPolicySpec{
			Defaults: &v1alpha1.Defaults{Behavior: "clam"}}), nil,
			line("LatencyPolicy", "", "frame", "CREATE", false, "PolicyInvalid")},
		"admitted":              {ValidateServicesPath, admissionv1.Create, serviceWith("shop", ask()), nil, nil},
		"admitted, with a line": {ValidateDeploymentsPath, admissionv1.Create, deploymentWith(nil, ask(annotations.Adopt, "old")), nil, nil},
		"patched": {MutateDeploymentsPath, admissionv1.Create, deploymentWith(nil, ask(annotations.Adopt, "old", annotations.MinReplicas, "2")),
			nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var before client.Object
			if tt.op == admissionv1.Update {
				before = deploymentWith(nil, nil)
			}
			req := request(t, tt.op, before, tt.object)
			req.UserInfo.Username, req.DryRun = "jane", tt.dryRun
			if tt.path == ValidateLatencyPoliciesPath {
				req.Namespace = ""
			}
			if diff := cmp.Diff(tt.want, logged(t, handlers[tt.path], req)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// Of what others wrote little is quoted.
func TestLinesOfDenialsAreShort(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	bad := serviceWith(long, ask(annotations.Paused, long))
	req := request(t, admissionv1.Create, nil, bad)
	req.UserInfo.Username, req.Namespace, req.Operation = long+"\n", long, admissionv1.Operation(long)
	for _, l := range logged(t, Handlers(clusterOf(t))[ValidateServicesPath], req) {
		for key, value := range l {
			if text, ok := value.(string); ok && len(text) > finding.MaxQuote {
				t.Errorf("%s has %d bytes", key, len(text))
			}
		}
	}
}

// Whoever sends many requests that are denied does not fill the log: they are counted.
func TestLogOfDenialsIsBounded(t *testing.T) {
	denied := refuse([]finding.Finding{testutil.Finding("A", finding.Error, nil, "is wrong")})
	d := newDenials()
	d.pace.SetLimit(0) // no time passes
	h := d.logging(ValidateServicesPath, answering(func(context.Context, review[service]) admission.Response { return denied }))
	var lines []map[string]any
	ctx := recording(t, &lines)
	body := encodeReview(t, request(t, admissionv1.Create, nil, serviceWith("echo", nil)))
	for range denialsAtOnce + 7 {
		h(ctx, body)
	}
	if len(lines) != denialsAtOnce {
		t.Fatalf("%d lines, want %d", len(lines), denialsAtOnce)
	}
	d.pace = newDenials().pace // some time later
	h(ctx, body)
	h(ctx, body)
	if got := []any{lines[denialsAtOnce]["omitted"], lines[denialsAtOnce+1]["omitted"]}; !cmp.Equal(got, []any{7.0, 0.0}) {
		t.Errorf("omitted are %v, want 7 and then none", got)
	}
}
