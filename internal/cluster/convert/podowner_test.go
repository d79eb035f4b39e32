package convert_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
)

func parsed(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{}}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPodOwners(t *testing.T) {
	web := map[string]string{"app": "web"}
	const plain = `{metadata: {namespace: ns, name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}`
	for name, tt := range map[string]struct {
		convert func(*unstructured.Unstructured) (model.PodOwner, error)
		text    string
		want    model.PodOwner
	}{
		"a StatefulSet":  {convert.StatefulSet, plain, model.PodOwner{Kind: model.KindStatefulSet, Selector: &metav1.LabelSelector{MatchLabels: web}, PodLabels: web}},
		"an empty label": {convert.DaemonSet, `{metadata: {namespace: ns, name: web}, spec: {template: {metadata: {labels: {app: null}}}}}`, model.PodOwner{Kind: model.KindDaemonSet, PodLabels: map[string]string{"app": ""}}},
		"a DaemonSet":    {convert.DaemonSet, plain, model.PodOwner{Kind: model.KindDaemonSet, Selector: &metav1.LabelSelector{MatchLabels: web}, PodLabels: web}},
		"a ReplicaSet":   {convert.ReplicaSet, plain, model.PodOwner{Kind: model.KindReplicaSet, Selector: &metav1.LabelSelector{MatchLabels: web}, PodLabels: web}},
		"a controlled":   {convert.ReplicaSet, `{metadata: {namespace: ns, name: web, ownerReferences: [{kind: Deployment, name: web, controller: true}]}, spec: {selector: {matchLabels: {app: web}}}}`, model.PodOwner{Kind: model.KindReplicaSet}},
		"a Rollout":      {convert.Rollout, plain, model.PodOwner{Kind: model.KindRollout, Selector: &metav1.LabelSelector{MatchLabels: web}, PodLabels: web}},
		"of a Deployment": {convert.Rollout, `{metadata: {namespace: ns, name: web}, spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: d, scaleDown: onsuccess}}}`,
			model.PodOwner{Kind: model.KindRollout, TakesOver: &model.Takeover{Kind: model.KindRollout, Namespace: "ns", Name: "web", Deployment: "d", ScaleDown: "onsuccess"}}},
		"of a template": {convert.Rollout, `{metadata: {namespace: ns, name: web}, spec: {workloadRef: {apiVersion: v1, kind: PodTemplate, name: d}}}`, model.PodOwner{Kind: model.KindRollout}},
		"of Knative": {convert.KnativeService, `{metadata: {namespace: ns, name: web}, spec: {template: {metadata: {labels: {app: web}}}}}`, model.PodOwner{Kind: model.KindKnativeService,
			PodLabels: map[string]string{"app": "web", "serving.knative.dev/service": "web", "serving.knative.dev/configuration": "web"}}},
	} {
		got, err := tt.convert(parsed(t, tt.text))
		tt.want.Namespace, tt.want.Name = "ns", "web"
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestAutoscalersOfOtherProducts(t *testing.T) {
	deployment := model.Ref{Kind: "Deployment", Name: "web"}
	for name, tt := range map[string]struct {
		convert func(*unstructured.Unstructured) (model.Autoscaler, error)
		spec    string
		want    model.Ref
	}{
		"HTTPScaledObject":       {convert.HTTPScaledObject, `{scaleTargetRef: {name: web, kind: Deployment, apiVersion: apps/v1}}`, deployment},
		"of an old version":      {convert.HTTPScaledObject, `{scaleTargetRef: {deployment: web}}`, deployment},
		"of a Rollout":           {convert.HTTPScaledObject, `{scaleTargetRef: {name: web, kind: Rollout, apiVersion: argoproj.io/v1alpha1}}`, model.Ref{Kind: model.KindRollout, Name: "web"}},
		"DatadogPodAutoscaler":   {convert.DatadogPodAutoscaler, `{targetRef: {name: web, kind: Deployment, apiVersion: apps/v1}}`, deployment},
		"that recommends":        {convert.DatadogPodAutoscaler, `{targetRef: {name: web, kind: Deployment, apiVersion: apps/v1}, applyPolicy: {mode: Preview}}`, model.Ref{}},
		"WatermarkPodAutoscaler": {convert.WatermarkPodAutoscaler, `{scaleTargetRef: {name: web, kind: Deployment, apiVersion: apps/v1}}`, deployment},
		"that tries":             {convert.WatermarkPodAutoscaler, `{dryRun: true, scaleTargetRef: {name: web, kind: Deployment, apiVersion: apps/v1}}`, model.Ref{}},
	} {
		got, err := tt.convert(parsed(t, `{metadata: {namespace: ns, name: web}, spec: `+tt.spec+`}`))
		if got.Scales != tt.want || err != nil {
			t.Errorf("%s scales %v, %v", name, got.Scales, err)
		}
	}
}

// What is not as its kind says is an error, and what is empty concerns nothing.
func TestMalformedNeighbors(t *testing.T) {
	autoscaler := func(f func(*unstructured.Unstructured) (model.Autoscaler, error)) func(*unstructured.Unstructured) error {
		return func(u *unstructured.Unstructured) error { _, err := f(u); return err }
	}
	owner := func(f func(*unstructured.Unstructured) (model.PodOwner, error)) func(*unstructured.Unstructured) error {
		return func(u *unstructured.Unstructured) error { _, err := f(u); return err }
	}
	for name, read := range map[string]func(*unstructured.Unstructured) error{
		"ScaledObject": autoscaler(convert.ScaledObject), "HTTPScaledObject": autoscaler(convert.HTTPScaledObject),
		"DatadogPodAutoscaler": autoscaler(convert.DatadogPodAutoscaler), "WatermarkPodAutoscaler": autoscaler(convert.WatermarkPodAutoscaler),
		"StatefulSet": owner(convert.StatefulSet), "DaemonSet": owner(convert.DaemonSet), "ReplicaSet": owner(convert.ReplicaSet),
		"Rollout": owner(convert.Rollout), "Knative": owner(convert.KnativeService),
		"Canary":     func(u *unstructured.Unstructured) error { _, err := convert.Canary(u); return err },
		"LimitRange": func(u *unstructured.Unstructured) error { _, err := convert.CPUDefault(u); return err },
	} {
		for _, text := range []string{`{}`, `{metadata: {name: a}}`, `{spec: null}`, `{spec: {}}`,
			`{spec: {scaleTargetRef: null, targetRef: null, workloadRef: null, selector: null, template: null, limits: null}}`} {
			if err := read(parsed(t, text)); err != nil {
				t.Errorf("%s of %s: %v", name, text, err)
			}
		}
		for _, text := range []string{`{spec: text}`, `{spec: [1]}`,
			`{spec: {scaleTargetRef: 1, targetRef: [1], workloadRef: a, selector: 7, limits: {}, template: 1}}`} {
			if err := read(parsed(t, text)); err == nil {
				t.Errorf("%s of %s is no error", name, text)
			}
		}
	}
}

func TestLimitRanges(t *testing.T) {
	for text, want := range map[string]bool{
		`[{type: Container, defaultRequest: {cpu: 100m}}]`:                              true,
		`[{type: Container, default: {cpu: "1"}}]`:                                      true,
		`[{type: Container, defaultRequest: {memory: 1Gi}}]`:                            false,
		`[{type: Pod, max: {cpu: "1"}}, {type: Container, max: {cpu: "1"}}]`:            false,
		`[{type: Pod}, {type: Container, default: {memory: 1Gi, cpu: "1"}}, {min: {}}]`: true,
	} {
		if got, err := convert.CPUDefault(parsed(t, `{spec: {limits: `+text+`}}`)); got.Sets != want || err != nil {
			t.Errorf("%s: %t, %v", text, got.Sets, err)
		}
	}
}
