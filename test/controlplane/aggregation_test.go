package controlplane_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// waitBound is generous, for busy machines: only failures wait that long.
const waitBound = time.Minute

// testAggregation registers an API served by this test, the way a custom
// metrics adapter outside of the cluster network is registered.
func testAggregation(t *testing.T, cp *controlplane.ControlPlane) {
	g := NewWithT(t)
	users := make(chan string, 100)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/apis/test.kong.latency/v1/hello" {
			select {
			case users <- r.Header.Get("X-Remote-User"):
			default:
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"test.kong.latency/v1","resources":[]}`))
	}))
	t.Cleanup(server.Close)
	register(t, cp, server.URL)

	client, err := kubernetes.NewForConfig(cp.Config())
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func() error {
		return client.Discovery().RESTClient().Get().AbsPath("/apis/test.kong.latency/v1/hello").Do(t.Context()).Error()
	}).WithTimeout(waitBound).Should(Succeed())
	g.Expect(users).To(Receive(Equal("kong-latency-test-admin")), "the aggregator passes the caller on")
}

func register(t *testing.T, cp *controlplane.ControlPlane, address string) {
	t.Helper()
	g := NewWithT(t)
	client, err := dynamic.NewForConfig(cp.Config())
	g.Expect(err).NotTo(HaveOccurred())
	parsed, err := url.Parse(address)
	g.Expect(err).NotTo(HaveOccurred())
	_, portText, err := net.SplitHostPort(parsed.Host)
	g.Expect(err).NotTo(HaveOccurred())
	port, err := strconv.ParseInt(portText, 10, 64)
	g.Expect(err).NotTo(HaveOccurred())

	service := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": "aggregated", "namespace": "default"},
		"spec": map[string]any{
			"type": "ExternalName", "externalName": "localhost",
			"ports": []any{map[string]any{"port": port}},
		},
	}}
	_, err = client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "services"}).
		Namespace("default").Create(t.Context(), service, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())

	api := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": "v1.test.kong.latency"},
		"spec": map[string]any{
			"group": "test.kong.latency", "version": "v1",
			"groupPriorityMinimum": int64(100), "versionPriority": int64(100),
			"insecureSkipTLSVerify": true,
			"service":               map[string]any{"name": "aggregated", "namespace": "default", "port": port},
		},
	}}
	_, err = client.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}).
		Create(t.Context(), api, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
}
