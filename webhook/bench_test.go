package webhook

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// largeDeployment has about so many bytes as JSON.
func largeDeployment(bytes int) *appsv1.Deployment {
	d := deploymentWith(nil, ask())
	c := &d.Spec.Template.Spec.Containers[0]
	for i := range bytes / 130 {
		c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_OF_THE_APPLICATION_%03d", i), Value: strings.Repeat("value ", 12)})
	}
	return d
}

// discard is a response writer that keeps nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// BenchmarkHandler serves whole reviews of 10 KB, without the network, beside
// controller-runtime's way with a handler that does nothing.
func BenchmarkHandler(b *testing.B) {
	c := Knowledge{Reader: indexedOf(b, serviceWith("echo", nil)), Warm: func() bool { return true }}
	served := map[string]http.Handler{"noop": &admission.Webhook{Handler: admission.HandlerFunc(
		func(context.Context, admission.Request) admission.Response { return admission.Allowed("") })}}
	maps.Copy(served, Handlers(c))
	for _, op := range []admissionv1.Operation{admissionv1.Create, admissionv1.Update} {
		d := largeDeployment(9000)
		before := d
		if op == admissionv1.Update {
			d = largeDeployment(4500)
			before = d.DeepCopy()
		}
		req := request(b, op, before, d)
		if op == admissionv1.Create {
			req.OldObject.Raw = nil
		}
		req.UID = "1"
		body := encodeReview(b, req)
		for _, name := range []string{"noop", MutateDeploymentsPath, ValidateDeploymentsPath} {
			b.Run(fmt.Sprintf("%s %s", op, strings.TrimPrefix(name, "/")), func(b *testing.B) {
				r := httptest.NewRequest(http.MethodPost, "/", nil)
				r.Header.Set("Content-Type", "application/json")
				w := discard{http.Header{}}
				b.ReportAllocs()
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					r.Body = http.NoBody
					r.Body = readCloser{bytes.NewReader(body)}
					served[name].ServeHTTP(w, r)
				}
			})
		}
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }
