package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// FuzzAdmissionReview sends any body to every handler, as the HTTP server would.
// None may panic, every answer is an AdmissionReview or says that the body is none, and a
// patch never touches anything but the replicas and the two annotations of auto-attach.
func FuzzAdmissionReview(f *testing.F) {
	for _, op := range []admissionv1.Operation{admissionv1.Create, admissionv1.Update} {
		for _, settings := range []map[string]string{nil, ask(), ask(annotations.MinReplicas, "4"), ask(annotations.Service, "x"),
			{annotations.TargetMS: "?"}, {"a": "b"}, ask(annotations.AttachedBy, "frame=40"), ask(annotations.AttachedBy, "=")} {
			for _, o := range []client.Object{deploymentWith(nil, settings), webDeployment(settings), serviceWith("echo", settings)} {
				req := request(f, op, o, o)
				req.UID = "1"
				f.Add(encodeReview(f, req))
			}
		}
		for _, spec := range []v1alpha1.LatencyPolicySpec{{}, {WorkloadSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"-": "?"}}}} {
			p := policyWith("frame", spec)
			f.Add(encodeReview(f, request(f, op, p, p)))
		}
	}
	f.Add([]byte(`{"request":null}`))
	f.Add([]byte(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"operation":"CREATE","object":{"metadata":{"annotations":{"kong.latency/target-ms":null}}}}}`))
	c := clusterOf(f, serviceWith("echo", nil), deploymentWith(nil, nil))
	c.Policies = attaching()
	c.KnownPolicies, c.Candidates = knownOf(policyWith("frame", v1alpha1.LatencyPolicySpec{}))
	handlers := Handlers(c)
	f.Fuzz(func(t *testing.T, body []byte) {
		for path, h := range handlers {
			r := httptest.NewRequest("POST", path, bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code == http.StatusBadRequest && w.Body.Len() > 0 {
				continue // it is no review
			}
			var review admissionv1.AdmissionReview
			if err := json.Unmarshal(w.Body.Bytes(), &review); w.Code != http.StatusOK || err != nil || review.Response == nil {
				t.Fatalf("%s answered %d, %q: %v", path, w.Code, w.Body, err)
			}
			checkPatch(t, path, body, review.Response.Patch)
		}
	})
}

func checkPatch(t *testing.T, path string, body, patch []byte) {
	t.Helper()
	if len(patch) == 0 {
		return
	}
	var ops []struct {
		Op, Path string
		Value    any
	}
	if err := json.Unmarshal(patch, &ops); err != nil {
		t.Fatalf("%s: patch %q: %v", path, patch, err)
	}
	for _, op := range ops {
		switch op.Path {
		case "/spec/replicas", "/metadata/annotations/kong.latency~1target-ms", "/metadata/annotations/kong.latency~1attached-by":
		case "/metadata/annotations":
			if value, ok := op.Value.(map[string]any); !ok || len(value) > 0 || hasAnnotations(t, body) {
				t.Errorf("%s replaces the annotations by %v", path, op.Value)
			}
		default:
			t.Errorf("%s patches %s", path, op.Path)
		}
		if op.Op != "add" || path != MutateDeploymentsPath {
			t.Errorf("%s patches by %s", path, op.Op)
		}
	}
}

// hasAnnotations reports whether the review's object has any.
func hasAnnotations(t *testing.T, body []byte) bool {
	t.Helper()
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		t.Fatal(err)
	}
	var object struct{ Metadata map[string]any }
	if err := json.Unmarshal(review.Request.Object.Raw, &object); err != nil {
		t.Fatal(err)
	}
	all, _ := object.Metadata["annotations"].(map[string]any)
	return len(all) > 0
}

func encodeReview(f testing.TB, req admission.Request) []byte {
	f.Helper()
	review := admissionv1.AdmissionReview{Request: &req.AdmissionRequest}
	review.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind("AdmissionReview"))
	raw, err := json.Marshal(review)
	if err != nil {
		f.Fatal(err)
	}
	return raw
}
