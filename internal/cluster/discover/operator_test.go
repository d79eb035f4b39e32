package discover

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestServicesThatMayBeTheOperators(t *testing.T) {
	manager := map[string]string{"control-plane": "controller-manager"}
	ko := map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/component": "ko"}
	for name, tc := range map[string]struct {
		namespace, name string
		labels          map[string]string
		want            bool
	}{
		"chart gateway-operator":     {"kong-system", "kgo-gateway-operator-metrics-service", manager, true},
		"chart kong-operator 1.1":    {"kong-system", "ko-kong-operator-metrics-service", ko, true},
		"chart kong-operator 1.2":    {"kong-system", "ko-kong-operator-metrics", ko, true},
		"full name of one's own":     {"kong-system", "gw-metrics", ko, true},
		"name by label":              {"infra", "gw-metrics-service", map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/name": "gateway-operator"}, true},
		"kustomize":                  {"kong-system", "controller-manager-metrics-service", manager, true},
		"kustomize with prefix":      {"infra", "gateway-operator-controller-manager-metrics-service", manager, true},
		"kustomize of another":       {"cert-system", "controller-manager-metrics-service", manager, false},
		"another operator":           {"kong-system", "redis-operator-metrics-service", manager, false},
		"component alone":            {"kong-system", "ko-kong-operator", map[string]string{"app.kubernetes.io/component": "ko"}, false},
		"webhook":                    {"kong-system", "ko-kong-operator-webhook-metrics", ko, false},
		"config dump":                {"kong-system", "ko-kong-operator-config-dump", ko, false},
		"no labels":                  {"kong-system", "kgo-gateway-operator-metrics-service", nil, false},
		"operator's Service, not it": {"kong-system", "kgo-gateway-operator", manager, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := IsOperatorService(tc.namespace, tc.name, tc.labels); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestNoServiceThatLooksLikeTheOperatorsProvesNothing(t *testing.T) {
	listed := func(objects ...client.Object) pipeline.Set[pipeline.OperatorService] {
		return ListOperatorServices(t.Context(), fake.NewClientBuilder().WithObjects(objects...).Build())
	}
	service := func(namespace, name string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"control-plane": "controller-manager"}}}
	}
	if set := listed(service("a", "other-metrics")); set.State != pipeline.Unreadable || len(set.Items) != 0 {
		t.Errorf("got %+v", set)
	}
	set := listed(service("b", "kong-operator-metrics"), service("a", "kong-operator-metrics"), service("a", "other-metrics"))
	var got []string
	for _, s := range set.Items {
		got = append(got, s.Object().String())
	}
	if diff := cmp.Diff([]string{"Service a/kong-operator-metrics", "Service b/kong-operator-metrics"}, got); set.State != pipeline.Known || diff != "" {
		t.Error(set.State, diff)
	}
}

func TestDeploymentsThatRunTheOperator(t *testing.T) {
	deployment := func(change func(*appsv1.Deployment)) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "infra", Name: "manager"}}
		d.Spec.Template.Labels = map[string]string{"control-plane": "controller-manager"}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "manager", Image: "manager:1"}, {Name: "kube-rbac-proxy", Image: "kube-rbac-proxy:1"}}
		change(d)
		return d
	}
	image := func(image string) *appsv1.Deployment {
		return deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = image })
	}
	label := func(key, value string) *appsv1.Deployment {
		return deployment(func(d *appsv1.Deployment) { d.Labels = map[string]string{key: value} })
	}
	for name, tc := range map[string]struct {
		d    *appsv1.Deployment
		want bool
	}{
		"image of chart kong-operator":    {image("docker.io/kong/kong-operator:2.0"), true},
		"image of chart gateway-operator": {image("docker.io/kong/gateway-operator-oss:1.6"), true},
		"image of a mirror, by digest":    {image("mirror.example:5000/cache/kong-operator@sha256:0123"), true},
		"image of a registry of the name": {image("kong-operator.example/shop:1"), false},
		"image with a tag of the name":    {image("shop:kong-operator"), false},
		"no image":                        {image(""), false},
		"label name":                      {label("app.kubernetes.io/name", "kong-operator"), true},
		"label of the chart":              {label("helm.sh/chart", "gateway-operator-0.5.2"), true},
		"component ko":                    {label("app.kubernetes.io/component", "ko"), true},
		"component kgo":                   {label("app.kubernetes.io/component", "kgo"), true},
		"another component":               {label("app.kubernetes.io/component", "web"), false},
		"label of pods": {deployment(func(d *appsv1.Deployment) {
			d.Spec.Template.Labels["app.kubernetes.io/name"] = "gateway-operator"
		}), true},
		"name":                 {deployment(func(d *appsv1.Deployment) { d.Name = "ko-kong-operator-controller-manager" }), true},
		"kustomize":            {deployment(func(d *appsv1.Deployment) { d.Namespace, d.Name = "kong-system", "controller-manager" }), true},
		"kustomize of another": {deployment(func(d *appsv1.Deployment) { d.Name = "controller-manager" }), false},
		"another":              {deployment(func(*appsv1.Deployment) {}), false},
		"scaled to zero": {deployment(func(d *appsv1.Deployment) {
			d.Name, d.Spec.Replicas = "kong-operator", ptr.To[int32](0)
		}), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := RunsOperator(tc.d); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// Kong Operator runs behind a Service if a Deployment of the same namespace runs it in pods
// that the Service selects. Of one Service nothing is read.
func TestWhatIsBehindTheOperatorsServices(t *testing.T) {
	service := func(namespace string, selector map[string]string) *corev1.Service {
		s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "kong-operator-metrics", Labels: map[string]string{"control-plane": "controller-manager"}}}
		s.Spec.Selector = selector
		return s
	}
	deployment := func(namespace, image string, pods map[string]string) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "manager"}}
		d.Spec.Template.Labels = pods
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "manager", Image: image}}
		return d
	}
	manager, web := map[string]string{"control-plane": "controller-manager"}, map[string]string{"app": "web"}
	objects := []client.Object{
		service("kong", manager), deployment("kong", "kong/kong-operator:2.0", manager),
		service("no-deployment", manager),
		service("no-selector", nil), deployment("no-selector", "kong/kong-operator:2.0", manager),
		service("own-pods", web), deployment("own-pods", "web:1", web),
		service("other-pods", web), deployment("other-pods", "kong/kong-operator:2.0", manager),
	}
	behind := func(api client.Reader) map[string]pipeline.Set[finding.Object] {
		out := map[string]pipeline.Set[finding.Object]{}
		for _, s := range ListOperatorServices(t.Context(), api).Items {
			out[s.Namespace] = s.Behind
		}
		return out
	}
	none := pipeline.KnownSet[finding.Object]()
	want := map[string]pipeline.Set[finding.Object]{
		"kong":          pipeline.KnownSet(finding.Object{Kind: "Deployment", Namespace: "kong", Name: "manager"}),
		"no-deployment": none, "no-selector": none, "own-pods": none, "other-pods": none,
	}
	if diff := cmp.Diff(want, behind(fake.NewClientBuilder().WithObjects(objects...).Build())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]pipeline.Set[finding.Object]{"kong": {}}, behind(fake.NewClientBuilder().WithObjects(objects[:2]...).Build())); diff != "" {
		t.Error(diff)
	}
	forbidden := fake.NewClientBuilder().WithObjects(objects[:3]...).WithInterceptorFuncs(interceptor.Funcs{
		List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, o ...client.ListOption) error {
			if _, ok := list.(*appsv1.DeploymentList); ok {
				return apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: "deployments"}, "", nil)
			}
			return api.List(ctx, list, o...)
		},
	}).Build()
	unreadable := pipeline.Set[finding.Object]{State: pipeline.Unreadable, Why: "reading Deployments is forbidden"}
	if diff := cmp.Diff(map[string]pipeline.Set[finding.Object]{"kong": unreadable, "no-deployment": unreadable}, behind(forbidden)); diff != "" {
		t.Error(diff)
	}
}
