package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

var echoService = types.NamespacedName{Namespace: "default", Name: "echo"}

func body(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestMetricsOfOneRequest(t *testing.T) {
	g, err := Start(t.Context(), Options{Service: echoService})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, text := body(t, "http://"+g.MetricsAddress()+"/metrics"); text != "" {
		t.Errorf("metrics before the first request:\n%s", text)
	}
	if code, text := body(t, g.URL()+"/shell?cmd=sleep%200.1"); code != 200 || text != "ok\n" {
		t.Fatalf("echo: %d %q", code, text)
	}
	_, text := body(t, "http://"+g.MetricsAddress()+"/metrics")
	labels := `dataplane_url="` + strings.TrimSuffix(g.URL(), Prefix) + `",kubernetes_apiversion="v1",kubernetes_kind="service",` +
		`kubernetes_name="echo",kubernetes_namespace="default",namespace="default",service="echo"`
	var got []string
	value := map[string]string{} // by bucket
	for _, line := range strings.Split(text, "\n") {
		if name, v, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
			got = append(got, name)
			_, bucket, _ := strings.Cut(name, "le=")
			value[bucket] = v
		}
	}
	var want []string
	for _, b := range []string{"25", "50", "80", "100", "250", "400", "700", "1000", "2000", "5000", "10000", "30000", "60000", "+Inf"} {
		want = append(want, "kong_upstream_latency_ms_bucket{"+labels+`,le="`+b+`"}`)
	}
	want = append(want, "kong_upstream_latency_ms_sum{"+labels+"}", "kong_upstream_latency_ms_count{"+labels+"}")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("series (-want +got):\n%s", d)
	}
	if value[`"100"}`] != "0" || value[`"+Inf"}`] != "1" {
		t.Errorf("one request of more than 100 ms was counted as %s below and %s in all", value[`"100"}`], value[`"+Inf"}`])
	}
}

func TestRoute(t *testing.T) {
	g, err := Start(t.Context(), Options{Service: echoService})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if code, _ := body(t, strings.TrimSuffix(g.URL(), Prefix)+"/other"); code != http.StatusNotFound {
		t.Errorf("path outside of the route: %d, want 404", code)
	}
	if code, _ := body(t, g.URL()+"/shell?cmd=ls"); code != http.StatusBadRequest {
		t.Errorf("unknown command: %d, want the upstream's 400", code)
	}
}

func slice(name string, ready map[string]*bool) *discovery.EndpointSlice {
	s := &discovery.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
		Namespace: "default", Name: name, Labels: map[string]string{discovery.LabelServiceName: "echo"},
	}}
	for address, r := range ready {
		s.Endpoints = append(s.Endpoints, discovery.Endpoint{
			Addresses: []string{address}, Conditions: discovery.EndpointConditions{Ready: r},
		})
	}
	return s
}

func TestEachReadyPodIsAServer(t *testing.T) {
	eventually := NewWithT(t).Eventually
	client := fake.NewClientset(slice("echo-1", map[string]*bool{"10.0.0.1": new(true), "10.0.0.2": new(false)}))
	g, err := Start(t.Context(), Options{Service: echoService, Pods: client})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	eventually(g.Servers).Should(Equal(1))

	slices := client.DiscoveryV1().EndpointSlices("default")
	if _, err := slices.Update(t.Context(), slice("echo-1", map[string]*bool{"10.0.0.1": new(true), "10.0.0.2": nil, "10.0.0.3": new(true)}), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(g.Servers).Should(Equal(3))
	for range 3 {
		if code, _ := body(t, g.URL()+"/"); code != http.StatusOK {
			t.Errorf("status %d, want 200", code)
		}
	}

	if err := slices.Delete(t.Context(), "echo-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(g.Servers).Should(Equal(0))
	if code, _ := body(t, g.URL()+"/"); code != http.StatusServiceUnavailable {
		t.Errorf("without pods: %d, want 503", code)
	}
}

func TestReadyAddresses(t *testing.T) {
	got := readyAddresses([]*discovery.EndpointSlice{
		slice("b", map[string]*bool{"10.0.0.9": new(true), "10.0.0.2": nil}),
		slice("a", map[string]*bool{"10.0.0.2": new(true), "10.0.0.5": new(false)}),
	})
	if d := cmp.Diff([]string{"10.0.0.2", "10.0.0.9"}, got); d != "" {
		t.Errorf("addresses (-want +got):\n%s", d)
	}
}

func TestTrafficEndsAtItsLimit(t *testing.T) {
	g, err := Start(t.Context(), Options{Service: echoService})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	load := Traffic{URL: g.URL() + "/", Clients: 2, Limit: 200 * time.Millisecond}.Start(t.Context())
	load.clients.Wait() // would hang without the limit
	if answered, failed := load.Counts(); answered == 0 || failed != 0 {
		t.Errorf("answered %d, failed %d; want some and none", answered, failed)
	}
	load = Traffic{URL: g.URL() + "/shell?cmd=ls", Clients: 1, Limit: time.Minute}.Start(t.Context())
	NewWithT(t).Eventually(func() int64 { _, failed := load.Counts(); return failed }).Should(BeNumerically(">", 0))
	load.Stop()
}
