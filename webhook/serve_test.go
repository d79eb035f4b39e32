package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// served is the answer to a body, as the API server gets it.
func served(t *testing.T, h http.Handler, r *http.Request) *admissionv1.AdmissionResponse {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answered %d with %s", w.Code, w.Header())
	}
	var got admissionv1.AdmissionReview
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("answered %s: %v", w.Body, err)
	}
	if got.Kind != "AdmissionReview" || got.APIVersion != "admission.k8s.io/v1" || got.Response == nil {
		t.Fatalf("answered %s", w.Body)
	}
	return got.Response
}

func post(body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, ValidateDeploymentsPath, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestServeAnswersUnderTheRequestsUID(t *testing.T) {
	h := Handlers(clusterOf(t, serviceWith("echo", nil)))[ValidateDeploymentsPath]
	for _, uid := range []string{"one", "two"} { // the second in the buffer of the first
		req := request(t, admissionv1.Create, nil, deploymentWith(nil, ask()))
		req.UID = types.UID(uid)
		got := served(t, h, post(encodeReview(t, req)))
		if !got.Allowed || got.UID != req.UID || len(got.Warnings) != 1 {
			t.Errorf("answered %+v", got)
		}
	}
}

func TestWhatCannotBeReadIsAnErrorOfTheCall(t *testing.T) {
	req := request(t, admissionv1.Update, nil, deploymentWith(nil, ask()))
	noFormer := encodeReview(t, req)
	whole := encodeReview(t, request(t, admissionv1.Create, nil, deploymentWith(nil, ask())))
	otherType := post(whole)
	otherType.Header.Set("Content-Type", "application/yaml")
	tooLarge := post(whole)
	tooLarge.Body = http.MaxBytesReader(nil, tooLarge.Body, 10)
	tests := map[string]struct {
		r    *http.Request
		code int
		text string
	}{
		"nothing":        {post(nil), http.StatusBadRequest, "decode review"},
		"half":           {post(whole[:len(whole)/2]), http.StatusBadRequest, "decode review"},
		"another type":   {otherType, http.StatusBadRequest, "must be application/json"},
		"too much":       {tooLarge, http.StatusRequestEntityTooLarge, "too large"},
		"another kind":   {post([]byte(`{"apiVersion":"v1","kind":"Pod"}`)), http.StatusBadRequest, "must be AdmissionReview of admission.k8s.io/v1"},
		"a long kind":    {post([]byte(`{"apiVersion":"v1","kind":"` + strings.Repeat("é", 1<<20) + `"}`)), http.StatusBadRequest, "must be AdmissionReview"},
		"no request":     {post([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`)), http.StatusBadRequest, "no request"},
		"no object":      {post([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}`)), http.StatusBadRequest, "no object"},
		"no former":      {post(noFormer), http.StatusBadRequest, "no oldObject"},
		"labels of text": {post(bytes.Replace(whole, []byte(`"labels":{"app":"echo"}`), []byte(`"labels":"x"`), 1)), http.StatusBadRequest, "labels"},
	}
	h := Handlers(clusterOf(t))[ValidateDeploymentsPath]
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			failed(t, h, tt.r, tt.code, tt.text)
		})
	}
}

// failed checks that a call fails with this status and a plain text that contains the
// given one: it is not an answer to a review.
func failed(t *testing.T, h http.Handler, r *http.Request, code int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != code || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") || !strings.Contains(w.Body.String(), text) {
		t.Errorf("answered %d, %s: %s; want %d with %q", w.Code, w.Header().Get("Content-Type"), w.Body, code, text)
	}
	if w.Body.Len() > 2*maxErrorText {
		t.Errorf("the text of the error has %d bytes", w.Body.Len())
	}
}

// Reviews that would need many times their size are not processed.
func TestReviewsThatGrowAreErrorsOfTheCall(t *testing.T) {
	annotated := deploymentWith(nil, ask())
	for i := range 20_000 {
		annotated.Annotations[fmt.Sprintf("%s%d", annotations.Prefix, i)] = ""
	}
	policy := policyWith("frame", v1alpha1.LatencyPolicySpec{})
	grown := bytes.Replace(encodeReview(t, request(t, admissionv1.Create, nil, policy)), []byte(`"spec":{`),
		[]byte(`"spec":{"behaviors":[`+strings.Repeat("{},", maxElements)+`{}],`), 1)
	handlers := Handlers(clusterOf(t))
	failed(t, handlers[ValidateDeploymentsPath], post(encodeReview(t, request(t, admissionv1.Create, nil, annotated))), http.StatusBadRequest, "annotations size")
	failed(t, handlers[ValidateDeploymentsPath], post(encodeReview(t, request(t, admissionv1.Update, annotated, deploymentWith(nil, ask())))), http.StatusBadRequest, "annotations size")
	failed(t, handlers[ValidateLatencyPoliciesPath], post(grown), http.StatusBadRequest, "at most 10000")
}

func TestAPanicIsAnErrorOfTheCall(t *testing.T) {
	h := answering(func(context.Context, review[deployment]) admission.Response {
		var nothing *deployment
		return allow([]string{nothing.Metadata.Name})
	})
	req := request(t, admissionv1.Create, nil, deploymentWith(nil, nil))
	failed(t, h, post(encodeReview(t, req)), http.StatusInternalServerError, "panic")
}
