package scraping

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/operator"
)

// services are those that monitors select, or not: their ports by name and by number, with
// labels that differ in characters that label names of Prometheus cannot have.
func services() []*corev1.Service {
	service := func(namespace, name string, labels map[string]string, ports ...corev1.ServicePort) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app.kubernetes.io/name": name, "control-plane": "controller-manager"}, Ports: ports},
		}
	}
	named := corev1.ServicePort{Name: "http", Port: 8080, TargetPort: intstr.FromString("metrics")}
	return []*corev1.Service{
		service("kong-system", "kong-operator", map[string]string{"app.kubernetes.io/name": "kong-operator", "control-plane": "controller-manager"}, named),
		service("kong-system", "numbered", map[string]string{"app.kubernetes.io/name": "kong-operator", "track": "stable"},
			corev1.ServicePort{Name: "http", Port: 8080, TargetPort: intstr.FromInt32(8080)}, corev1.ServicePort{Name: "other", Port: 9000, TargetPort: intstr.FromInt32(9000)}),
		service("shop", "other", map[string]string{"app.kubernetes.io/name": "kong-operator", "track": "canary"},
			corev1.ServicePort{Port: 8080, TargetPort: intstr.FromInt32(8080)}),
		service("monitoring", "underscores", map[string]string{"app.kubernetes.io_name": "kong-operator", "control_plane": "x"}, named),
	}
}

// podOf is a pod behind a Service.
func podOf(s *corev1.Service) *corev1.Pod {
	labels := map[string]string{"track": "stable", "version": "1.10"}
	for key, value := range s.Spec.Selector {
		labels[key] = value
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name + "-0", Labels: labels},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(false),
			Containers: []corev1.Container{{Name: "manager", Image: "manager", Ports: []corev1.ContainerPort{
				{Name: "metrics", ContainerPort: 8080}, {Name: "other", ContainerPort: 9000},
			}}},
		},
	}
}

// cluster is a control plane with prometheus-operator.
type cluster struct {
	*controlplane.ControlPlane
	admin client.Client
}

func start(t *testing.T) cluster {
	t.Helper()
	g := gomega.NewWithT(t)
	ctx := t.Context()
	cp, err := controlplane.Start(ctx, controlplane.Options{})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme := runtime.NewScheme()
	g.Expect(corev1.AddToScheme(scheme)).To(gomega.Succeed())
	g.Expect(monitoringv1.AddToScheme(scheme)).To(gomega.Succeed())
	c := cluster{ControlPlane: cp}
	plain, err := client.New(cp.Config(), client.Options{})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(controlplane.InstallCRDs(ctx, plain, "prometheuses.monitoring.coreos.com", "servicemonitors.monitoring.coreos.com",
		"podmonitors.monitoring.coreos.com", "probes.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com")).To(gomega.Succeed())
	c.admin, err = client.New(cp.Config(), client.Options{Scheme: scheme})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	var objects []client.Object
	for name, labels := range namespaces {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	for name := range namespaces {
		objects = append(objects, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "there"}, StringData: map[string]string{"token": "t"}})
	}
	for _, s := range services() {
		objects = append(objects, s, podOf(s))
	}
	for _, p := range prometheuses() {
		objects = append(objects, p)
	}
	for _, o := range objects {
		g.Expect(c.admin.Create(ctx, o)).To(gomega.Succeed())
	}
	_, err = operator.Run(cp)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	return c
}

// create creates objects of a corpus, and returns those that the API server accepts.
func create[T client.Object](ctx context.Context, c cluster, corpus []T) ([]T, error) {
	accepted := make([]bool, len(corpus))
	var group errgroup.Group
	group.SetLimit(16)
	for i, o := range corpus {
		group.Go(func() error {
			err := c.admin.Create(ctx, o)
			if apierrors.IsInvalid(err) {
				return nil
			}
			accepted[i] = err == nil
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var out []T
	for i, o := range corpus {
		if accepted[i] {
			out = append(out, o)
		}
	}
	return out, nil
}

// configuration is that of a Prometheus, once the jobs of its last monitors are in it.
func (c cluster) configuration(ctx context.Context, p *monitoringv1.Prometheus) ([]byte, error) {
	var secret corev1.Secret
	if err := c.admin.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: "prometheus-" + p.Name}, &secret); err != nil {
		return nil, err
	}
	config, err := operator.Configuration(&secret)
	if err != nil {
		return nil, err
	}
	kinds := []string{"podMonitor"}
	if p.Spec.ServiceMonitorSelector != nil {
		kinds = append(kinds, "serviceMonitor")
	}
	for _, kind := range kinds {
		if job := fmt.Sprintf("%s/%s/%s/0", kind, last(p).Namespace, last(p).Name); !bytes.Contains(config, []byte(job)) {
			return nil, fmt.Errorf("the configuration of %s has no job %s yet", p.Name, job)
		}
	}
	return config, nil
}

// discovery makes Prometheus discover everything.
const discovery = `scrape_configs:
- {job_name: endpoints, kubernetes_sd_configs: [{role: endpoints, kubeconfig_file: %[1]q}]}
- {job_name: endpointslice, kubernetes_sd_configs: [{role: endpointslice, kubeconfig_file: %[1]q}]}
- {job_name: pod, kubernetes_sd_configs: [{role: pod, kubeconfig_file: %[1]q}]}
`

// discovered are targets by the role in which Prometheus discovers them.
type discovered map[string][]map[string]string

// discover returns what the real Prometheus discovers, with the labels of discovery only.
func (c cluster) discover(ctx context.Context) (func() (discovered, error), error) {
	port, err := controlplane.FreePort()
	if err != nil {
		return nil, err
	}
	file, address := filepath.Join(c.Dir(), "discovery.yaml"), fmt.Sprintf("127.0.0.1:%d", port)
	if err := os.WriteFile(file, fmt.Appendf(nil, discovery, c.Kubeconfig()), 0o600); err != nil {
		return nil, err
	}
	_, err = c.Run("prometheus", exec.Command(c.Binary("prometheus"), "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(c.Dir(), "prometheus"), "--web.listen-address="+address))
	if err != nil {
		return nil, err
	}
	return func() (discovered, error) { return targetsOf(ctx, "http://"+address+"/api/v1/targets?state=active") }, nil
}

func targetsOf(ctx context.Context, url string) (discovered, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			ActiveTargets []struct {
				ScrapePool       string            `json:"scrapePool"`
				DiscoveredLabels map[string]string `json:"discoveredLabels"`
			} `json:"activeTargets"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	out := discovered{}
	for _, target := range answer.Data.ActiveTargets {
		labels := map[string]string{}
		for name, value := range target.DiscoveredLabels {
			if strings.HasPrefix(name, "__meta_") || name == "__address__" {
				labels[name] = value
			}
		}
		out[target.ScrapePool] = append(out[target.ScrapePool], labels)
	}
	return out, out.complete()
}

// complete returns nil if all pods are there, as the Services and the pods see them.
func (d discovered) complete() error {
	for role, name := range map[string]string{"endpoints": serviceMeta, "endpointslice": serviceMeta, "pod": podMeta} {
		seen := map[string]bool{}
		for _, labels := range d[role] {
			if labels["__meta_kubernetes_pod_phase"] == "Running" && labels["__meta_kubernetes_pod_ip"] != "" {
				seen[labels[name]] = true
			}
		}
		for _, s := range services() {
			wanted := s.Name
			if name == podMeta {
				wanted = podOf(s).Name
			}
			if !seen[wanted] {
				return errors.New("in role " + role + " there is no target of " + wanted)
			}
		}
	}
	return nil
}

const (
	serviceMeta = "__meta_kubernetes_service_name"
	podMeta     = "__meta_kubernetes_pod_name"
)

const settle = time.Minute
