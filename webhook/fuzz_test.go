package webhook

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/annotations"
)

// FuzzAdmissionReview sends any body to every handler, as the HTTP server would.
// None may panic, every answer is an AdmissionReview, and a patch never touches
// anything but the replicas.
func FuzzAdmissionReview(f *testing.F) {
	for _, op := range []admissionv1.Operation{admissionv1.Create, admissionv1.Update} {
		for _, ours := range []map[string]string{nil, ask(), ask(annotations.MinReplicas, "4"), ask(annotations.Service, "x"), {annotations.TargetMS: "?"}} {
			d := deploymentWith(nil, ours)
			req := request(f, op, d, d)
			req.UID = "1"
			f.Add(encodeReview(f, req))
			s := serviceWith("echo", ours)
			req = request(f, op, s, s)
			f.Add(encodeReview(f, req))
		}
	}
	f.Add([]byte(`{"request":null}`))
	f.Add([]byte(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"operation":"CREATE","object":{"metadata":{"annotations":{"kong.latency/target-ms":null}}}}}`))
	c := clusterOf(f, serviceWith("echo", nil), deploymentWith(nil, nil))
	handlers := Handlers(c)
	f.Fuzz(func(t *testing.T, body []byte) {
		for path, h := range handlers {
			noRecover := false // a panic must fail this test, not become an answer
			hook := &admission.Webhook{Handler: h, RecoverPanic: &noRecover}
			r := httptest.NewRequest("POST", path, bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			hook.ServeHTTP(w, r)
			var review admissionv1.AdmissionReview
			if err := json.Unmarshal(w.Body.Bytes(), &review); err != nil || review.Response == nil {
				t.Fatalf("%s answered %q: %v", path, w.Body, err)
			}
			checkPatch(t, path, review.Response.Patch)
		}
	})
}

func checkPatch(t *testing.T, path string, patch []byte) {
	t.Helper()
	if len(patch) == 0 {
		return
	}
	var ops []struct{ Op, Path string }
	if err := json.Unmarshal(patch, &ops); err != nil {
		t.Fatalf("%s: patch %q: %v", path, patch, err)
	}
	for _, op := range ops {
		if op.Op != "add" || op.Path != "/spec/replicas" {
			t.Errorf("%s patches %s %s", path, op.Op, op.Path)
		}
	}
}

func encodeReview(f *testing.F, req admission.Request) []byte {
	f.Helper()
	review := admissionv1.AdmissionReview{Request: &req.AdmissionRequest}
	review.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind("AdmissionReview"))
	raw, err := json.Marshal(review)
	if err != nil {
		f.Fatal(err)
	}
	return raw
}
