package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/cli/plugin"
)

// noConfig is a kubeconfig that says nothing.
func noConfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte("apiVersion: v1\nkind: Config\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Who may not list Deployments everywhere is told what runs in the usual namespace.
func TestVersionOfTheServer(t *testing.T) {
	webhook := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "kong-latency-system", Name: "webhook"}}
	webhook.Spec.Template.Spec.Containers = []corev1.Container{{Name: "kong-latency", Image: "kong-latency:1.2.0"}}
	forbidden := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		everywhere := r.URL.Path == "/apis/apps/v1/deployments"
		if r.URL.Query().Get("labelSelector") != "app.kubernetes.io/name=kong-latency" || !everywhere && r.URL.Path != "/apis/apps/v1/namespaces/kong-latency-system/deployments" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if everywhere && forbidden {
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure", Reason: metav1.StatusReasonForbidden, Code: http.StatusForbidden})
			return
		}
		_ = json.NewEncoder(w).Encode(appsv1.DeploymentList{
			TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DeploymentList"},
			Items:    []appsv1.Deployment{webhook},
		})
	}))
	defer server.Close()
	flags := []string{"--server", server.URL, "--kubeconfig", noConfig(t)}
	for _, forbidden = range []bool{false, true} {
		code, stdout, stderr := run(t, "", append([]string{"version"}, flags...)...)
		if code != plugin.ExitClean || !strings.HasSuffix(stdout, "\nServer Version: 1.2.0\n") {
			t.Errorf("forbidden %v: got %d, %q, %q", forbidden, code, stdout, stderr)
		}
	}
}

func TestVersionOfTheClient(t *testing.T) {
	code, stdout, stderr := run(t, "", "version", "--client")
	if code != plugin.ExitClean || !strings.HasPrefix(stdout, "Client Version: ") || strings.Contains(stdout, "Server") || stderr != "" {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
}

// Without a cluster the version of the client is told, and that the rest is not known.
func TestVersionWithoutACluster(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // so that nobody listens there
	code, stdout, stderr := run(t, "", "version", "--server", server.URL, "--kubeconfig", noConfig(t))
	if code != plugin.ExitFailed || !strings.HasPrefix(stdout, "Client Version: ") || !strings.HasPrefix(stderr, "error: look for kong-latency in the cluster: ") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
}
