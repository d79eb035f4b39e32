package cache

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func selectingDeployment(name string, s metav1.LabelSelector, podLabels map[string]string) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}
	d.Spec.Selector, d.Spec.Template.Labels = &s, podLabels
	return d
}

func names(o model.Owners) []string {
	var out []string
	for _, owner := range o.List {
		out = append(out, owner.Kind+" "+owner.Name)
	}
	return out
}

func TestOwnersOfPodsInACluster(t *testing.T) {
	labels := func(m map[string]string) metav1.LabelSelector { return metav1.LabelSelector{MatchLabels: m} }
	in := func(op metav1.LabelSelectorOperator, values ...string) metav1.LabelSelector {
		return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: op, Values: values}}}
	}
	web, front := map[string]string{"app": "web"}, map[string]string{"app": "web", "tier": "front"}
	c := cacheOf(t,
		selectingDeployment("all", in(metav1.LabelSelectorOpExists), map[string]string{"app": "all"}),
		selectingDeployment("either", in(metav1.LabelSelectorOpIn, "web", "db"), map[string]string{"app": "db"}),
		selectingDeployment("front", labels(front), front),
		selectingDeployment("web", labels(web), web),
	)
	sets := NoNeighbors()
	sets.StatefulSets = pipeline.KnownSet(statefulSet("db", map[string]string{"app": "web", "part": "db"}))
	catalog := NewCatalog(t.Context(), c, "ns").With(NewNeighbors(sets, nil))
	owner := func(name string) model.PodOwner {
		w, ok := catalog.Workload(name)
		if !ok {
			t.Fatalf("no Deployment %s", name)
		}
		return w.PodOwner()
	}
	for name, tt := range map[string]struct {
		got  model.Owners
		want []string
	}{
		"selected by a label":       {catalog.OwnersSelectedBy(owner("web")), []string{"Deployment front", "Deployment web", "StatefulSet db"}},
		"selected by two":           {catalog.OwnersSelectedBy(owner("front")), []string{"Deployment front"}},
		"selected by values":        {catalog.OwnersSelectedBy(owner("either")), []string{"Deployment either", "Deployment front", "Deployment web", "StatefulSet db"}},
		"selected by a key":         {catalog.OwnersSelectedBy(owner("all")), []string{"Deployment all", "Deployment either", "Deployment front", "Deployment web", "StatefulSet db"}},
		"selecting":                 {catalog.OwnersSelecting(front), []string{"Deployment all", "Deployment either", "Deployment front", "Deployment web"}},
		"selecting pods of another": {catalog.OwnersSelecting(map[string]string{"app": "all"}), []string{"Deployment all"}},
		"behind a Service":          {catalog.OwnersBehind(model.Service{Selector: web}), []string{"StatefulSet db"}},
		"behind none":               {catalog.OwnersBehind(model.Service{}), nil},
	} {
		if diff := cmp.Diff(tt.want, names(tt.got)); diff != "" || tt.got.Unread != "" || catalog.Err() != nil {
			t.Errorf("%s: unread %q, %v (-want +got):\n%s", name, tt.got.Unread, catalog.Err(), diff)
		}
	}
}

// countingReader counts the objects that lists hold.
type countingReader struct {
	client.Reader
	lists, objects int
}

func (r *countingReader) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	err := r.Reader.List(ctx, list, opts...)
	r.lists++
	if deployments, ok := list.(*appsv1.DeploymentList); ok {
		r.objects += len(deployments.Items)
	}
	return err
}

// With ten thousand Deployments of one release, which all have a label in common, those
// that share pods are found among few.
func TestLookUpsOfTenThousandDeployments(t *testing.T) {
	const n = 10_000
	var all []runtime.Object
	for i := range n {
		podLabels := map[string]string{"app.kubernetes.io/instance": "the-shop", "app.kubernetes.io/name": fmt.Sprintf("s%d", i)}
		all = append(all, selectingDeployment(fmt.Sprintf("the-shop-s%d", i), metav1.LabelSelector{MatchLabels: podLabels}, podLabels))
	}
	counted := &countingReader{Reader: cacheOf(t, all...)}
	catalog := NewCatalog(t.Context(), counted, "ns")
	for _, o := range all[:100] {
		owner := convert.Workload(o.(*appsv1.Deployment)).PodOwner()
		for _, got := range []model.Owners{catalog.OwnersSelectedBy(owner), catalog.OwnersSelecting(owner.PodLabels)} {
			if !slices.Equal(names(got), []string{"Deployment " + owner.Name}) || got.Unread != "" {
				t.Fatalf("%s: %v, unread %q", owner.Name, names(got), got.Unread)
			}
		}
	}
	// One by its name; and one for each of its labels, and one for selectors without values.
	if counted.lists != 4*100 || counted.objects != 2*100 || catalog.Err() != nil {
		t.Errorf("%d lists with %d objects, %v", counted.lists, counted.objects, catalog.Err())
	}
}

// Where all have the same labels, the first are compared, and the others are unknown.
func TestLookUpsAreBounded(t *testing.T) {
	same := map[string]string{"app": "web"}
	exists := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpExists}}}
	var all []runtime.Object
	for i := range 2 * model.MaxCompared {
		all = append(all, selectingDeployment(fmt.Sprintf("web-%04d", i), metav1.LabelSelector{MatchLabels: same}, same))
	}
	counted := &countingReader{Reader: cacheOf(t, all...)}
	catalog := NewCatalog(t.Context(), counted, "ns")
	owner := convert.Workload(all[5].(*appsv1.Deployment)).PodOwner()
	anything := owner
	anything.Selector = &exists
	for name, got := range map[string]model.Owners{
		"selected": catalog.OwnersSelectedBy(owner), "selecting": catalog.OwnersSelecting(same), "selected by a key": catalog.OwnersSelectedBy(anything),
	} {
		if len(got.List) < model.MaxCompared || got.List[0].Name != "web-0000" || got.Unread != model.TooMany {
			t.Errorf("%s: %d, unread %q", name, len(got.List), got.Unread)
		}
	}
	if most := 3 * (model.MaxCompared + 1); counted.objects != most {
		t.Errorf("%d objects were read, want %d", counted.objects, most)
	}
}

// What the cache keeps of a pod template says which containers have no CPU request.
func TestContainersWithoutCPURequestSurviveTheCache(t *testing.T) {
	d := fullDeployment()
	want := convert.Workload(d).WithoutCPURequest
	kept, err := stripDeployment(d)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, convert.Workload(kept.(*appsv1.Deployment)).WithoutCPURequest); diff != "" || len(want) == 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
