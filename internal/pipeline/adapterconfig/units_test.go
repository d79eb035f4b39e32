package adapterconfig

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestResourceFor(t *testing.T) {
	list := func(gv string, resources ...metav1.APIResource) *metav1.APIResourceList {
		return &metav1.APIResourceList{GroupVersion: gv, APIResources: resources}
	}
	thing := metav1.APIResource{Name: "things", SingularName: "thing", Kind: "Thing", Namespaced: true, ShortNames: []string{"th"}}
	service := metav1.APIResource{Name: "services", SingularName: "service", Kind: "Service", Namespaced: true}
	r := NewResources([]*metav1.APIResourceList{
		list("serving.knative.dev/v1", service),
		list("b.example.com/v2", thing),
		list("b.example.com/v1", thing, metav1.APIResource{Name: "olds", Kind: "Old"}),
		list("b.example/v1", thing),
		list("v1", service, metav1.APIResource{Name: "services/status", Kind: "Service"}),
		list("clash/v1", metav1.APIResource{Name: "as", SingularName: "a"}, metav1.APIResource{Name: "a", SingularName: "x"}),
		list("a/b/c", thing),
	})
	for _, tc := range []struct{ group, resource, want string }{
		{"", "service", "/v1, Resource=services"},
		{"", "SERVICES", "/v1, Resource=services"},
		{"serving.knative.dev", "service", "serving.knative.dev/v1, Resource=services"},
		{"serving", "service", "serving.knative.dev/v1, Resource=services"},
		{"", "thing", "b.example.com/v2, Resource=things"},
		{"b.example.com", "things", "b.example.com/v2, Resource=things"},
		{"b.example", "thing", "b.example.com/v2, Resource=things"}, // a prefix match in an earlier group
		{"", "old", "b.example.com/v1, Resource=olds"},              // singular guessed from the kind
		{"", "thinglist", "b.example.com/v2, Resource=thinglists"},
		{"", "list", "/v1, Resource=lists"},
		{"", "th", ""},
		{"", "", ""},
		{"core", "service", ""},
		{"v1", "service", ""},
		{"B.example", "thing", ""}, // groups keep their case
		{"", "services/status", ""},
		{"clash", "a", ""},
	} {
		gvr, _, err := r.ResourceFor(schema.GroupResource{Group: tc.group, Resource: tc.resource})
		if err != nil {
			gvr = schema.GroupVersionResource{}
		}
		if got := gvr.String(); (err != nil) != (tc.want == "") || (err == nil && got != tc.want) {
			t.Errorf("%q in %q: got %s, %v, want %s", tc.resource, tc.group, got, err, tc.want)
		}
	}
	for plural, want := range map[string]string{"services": "service", "THINGS": "thing", "olds": "old"} {
		if got, err := r.Singular(plural); err != nil || got != want {
			t.Errorf("singular of %s: got %s, %v", plural, got, err)
		}
	}
	if _, err := r.Singular("nothings"); err == nil {
		t.Error("an unknown resource has no singular")
	}
}

func TestMetricNames(t *testing.T) {
	for _, tc := range []struct{ matches, as, series, want string }{
		{"", "", "a_total", "a_total"},
		{"", "constant", "a_total", "constant"},
		{"", "$1", "a_total", ""},
		{"", "x_$0", "a_total", "x_a_total"},
		{"total", "", "a_total_b", "total"}, // the match alone, not the text around it
		{"^(.*)_total$", "", "a_total", "a"},
		{"^(.*)_total$", "$1_avg", "a_total", ""},
		{"^(.*)_total$", "${1}_avg", "a_total", "a_avg"},
		{"^(.*)_total$", "$$1", "a_total", "$1"},
		{"^(?P<n>.*)_total$", "${n}_avg", "a_total", "a_avg"},
		{"^(?P<n>.*)_total$", "", "a_total", "a"},
		{"a", "", "aXa", "a"}, // the first match only
		{"(?:a)", "", "ba", "a"},
	} {
		compile := newCompiler(CoreResources)
		n := compile.naming(NameSpec{Matches: tc.matches, As: tc.as}, nil)
		if len(compile.errs) > 0 {
			t.Fatal(compile.errs)
		}
		if got, ok := n.metric(tc.series); !ok || got != tc.want {
			t.Errorf("%+v: got %q, %v", tc, got, ok)
		}
	}
}
