package files

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// manifestsOf are the objects of YAML documents.
func manifestsOf(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for document := range strings.SplitSeq(text, "---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
			t.Fatal(err)
		}
		out = append(out, u)
	}
	return out
}

func snapshotOf(t *testing.T, text string) *pipeline.Snapshot {
	t.Helper()
	s, errs := newContents(manifestsOf(t, text), policy.Places{}).snapshot()
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return s
}

const someMonitor = `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {namespace: default, name: b}
spec: {selector: {}, endpoints: []}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {namespace: default, name: a}
spec: {selector: {}, endpoints: []}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {namespace: default, name: b}
spec: {selector: {}, endpoints: [{port: later}]}
`

// Of a kind that is not among the files nothing is known, and so nothing is absent.
func TestManifestsKnowWhatTheyHold(t *testing.T) {
	s := snapshotOf(t, someMonitor)
	if got := s.ServiceMonitors; got.State != pipeline.Known || len(got.Items) != 2 ||
		got.Items[0].Name != "a" || got.Items[1].Spec.Endpoints[0].Port != "later" {
		t.Errorf("got %+v", got)
	}
	for kind, state := range map[string]pipeline.State{
		"Prometheus": s.Prometheuses.State, "OperatorService": s.OperatorServices.State, "Extension": s.Extensions.State,
		"ControlPlane": s.ControlPlanes.State, "GatewayConfiguration": s.GatewayConfigurations.State, "Gateway": s.Gateways.State,
		"GatewayClass": s.GatewayClasses.State, "HTTPRoute": s.HTTPRoutes.State, "Namespace": s.Namespaces.State,
		"APIService": s.MetricsAPI.State, "adapter": s.Adapter.State,
	} {
		if state == pipeline.Known || state == pipeline.NotInstalled {
			t.Errorf("%s is %s", kind, state)
		}
	}
}

func TestManifestsOfGateways(t *testing.T) {
	const gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {namespace: default, name: a}\nspec: {gatewayClassName: kong, listeners: []}\n"
	s := snapshotOf(t, gateway)
	if s.Gateways.State != pipeline.Known || s.ControlPlanes.State != pipeline.Known || len(s.ControlPlanes.Items) != 0 {
		t.Errorf("got %+v, %+v", s.Gateways, s.ControlPlanes)
	}
	old := "apiVersion: gateway-operator.konghq.com/v1beta1\nkind: GatewayConfiguration\nmetadata: {namespace: default, name: a}\nspec: {}\n"
	if got := snapshotOf(t, old).GatewayConfigurations; got.State == pipeline.Known || !strings.Contains(got.Why, "v1beta1") {
		t.Errorf("got %+v", got)
	}
}

func TestManifestsOfNamespaces(t *testing.T) {
	const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {team: a}}\n"
	s := snapshotOf(t, namespace+"---\n"+someMonitor)
	if got := s.Namespaces; got.State != pipeline.Known || got.Items[0].Labels["team"] != "a" || got.Items[0].Labels["kubernetes.io/metadata.name"] != "default" {
		t.Errorf("got %+v", got)
	}
	s = snapshotOf(t, namespace+"---\n"+strings.ReplaceAll(someMonitor, "default", "other"))
	if got := s.Namespaces; got.State == pipeline.Known {
		t.Errorf("got %+v", got)
	}
}

const adapterRules = `apiVersion: v1
kind: ConfigMap
metadata: {namespace: monitoring, name: rules}
data:
  config.yaml: |
    rules:
    - seriesQuery: up
      resources: {overrides: {s: {resource: service}, n: {resource: namespace}}}
      metricsQuery: up
`

const adapterDeployment = `apiVersion: apps/v1
kind: Deployment
metadata: {namespace: monitoring, name: adapter}
spec:
  template:
    spec:
      containers:
      - name: adapter
        args: [--config=/etc/adapter/config.yaml, "--prometheus-url=http://p.monitoring.svc"]
        volumeMounts: [{name: config, mountPath: /etc/adapter}]
      volumes: [{name: config, configMap: {name: rules}}]
`

func TestManifestsOfTheAdapter(t *testing.T) {
	// By its looks.
	if got := snapshotOf(t, adapterRules).Adapter; got.State != pipeline.Known || got.Config == nil || got.Key != "config.yaml" || got.Deployment.Name != "" {
		t.Errorf("got %+v", got)
	}
	// By what runs with it.
	got := snapshotOf(t, adapterDeployment+"---\n"+adapterRules).Adapter
	if got.State != pipeline.Known || got.PrometheusURL != "http://p.monitoring.svc" || got.Deployment.String() != "Deployment monitoring/adapter" {
		t.Errorf("got %+v", got)
	}
	// Of two it is not known which.
	two := adapterRules + "---\n" + strings.ReplaceAll(adapterRules, "name: rules", "name: others")
	if got := snapshotOf(t, two).Adapter; got.State == pipeline.Known {
		t.Errorf("got %+v", got)
	}
	// Unless a policy says.
	named := policy.Places{AdapterConfigMap: &v1alpha1.ConfigMapKey{Namespace: "monitoring", Name: "others"}}
	s, _ := newContents(manifestsOf(t, two), named).snapshot()
	if s.Adapter.State != pipeline.Known || s.Adapter.ConfigMap.Name != "others" {
		t.Errorf("got %+v", s.Adapter)
	}
	// What runs it is there, and its configuration is not.
	if got := snapshotOf(t, adapterDeployment).Adapter; got.State == pipeline.Known {
		t.Errorf("got %+v", got)
	}
}

// A resource that files do not know can be a custom one, if it can be one at all.
func TestManifestsOfCustomResources(t *testing.T) {
	for resource, want := range map[string]pipeline.State{
		"{resource: ingressroute}":                        pipeline.Unreadable,
		"{group: serving.knative.dev, resource: service}": pipeline.Unreadable,
		"{resource: svc}":                                 pipeline.Known,
		"{group: core, resource: service}":                pipeline.Known,
	} {
		got := snapshotOf(t, strings.Replace(adapterRules, "{resource: service}", resource, 1)).Adapter
		if got.State != want || got.Config != nil {
			t.Errorf("%s: got %s, %v", resource, got.State, got.ParseError)
		}
	}
}

func TestManifestsThatAreNotWhatTheySay(t *testing.T) {
	m := newContents(manifestsOf(t, strings.Replace(someMonitor, "endpoints: []", "endpoints: none", 1)), policy.Places{})
	s, errs := m.snapshot()
	if s.ServiceMonitors.State == pipeline.Known || len(errs) != 1 || errs[0].Object.GetName() != "b" {
		t.Errorf("got %+v, %v", s.ServiceMonitors, errs)
	}
}

func TestAutoscalerIn(t *testing.T) {
	for text, want := range map[string]string{
		"apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: x}}\n": model.KindHPA,
		"apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec: {scaleTargetRef: {name: x}}\n":                                                                 model.KindScaledObject,
		"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n": "",
	} {
		a, ok, err := autoscalerIn(manifestsOf(t, text)[0])
		if err != nil || ok != (want != "") || a.Kind != want || ok && (a.Scales != model.Ref{Kind: "Deployment", Name: "x"}) {
			t.Errorf("%s: got %+v, %v, %v", want, a, ok, err)
		}
	}
}
