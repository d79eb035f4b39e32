package discover

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

func TestResourcesThatComeLaterAreSeen(t *testing.T) {
	lists, _ := someResources(t.Context())
	p := configParser{discover: func(context.Context) ([]*metav1.APIResourceList, error) { return lists, nil }}
	text := strings.ReplaceAll(rules, "service", "widget")
	parse := func(after time.Duration) *parsedConfig {
		t.Helper()
		c, err := p.parse(t.Context(), text, noon.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := parse(0)
	if !lacksResource(first.err) {
		t.Fatalf("got error %v, want one about a missing resource", first.err)
	}
	lists = append(lists, &metav1.APIResourceList{GroupVersion: "example.com/v1", APIResources: []metav1.APIResource{
		{Name: "widgets", SingularName: "widget", Kind: "Widget", Namespaced: true},
	}})
	if soon := parse(time.Second); soon != first {
		t.Error("ran discovery again at once")
	}
	later := parse(missingAge)
	if later.err != nil || later.config == nil {
		t.Fatalf("got error %v once the resource is there", later.err)
	}
	if parse(2*missingAge) != later {
		t.Error("parsed a good configuration again")
	}
	lists = lists[:1]
	if parse(2*missingAge+discoveryAge).err == nil {
		t.Error("did not see that the resource is gone")
	}
}

func TestDiscoveryThatFails(t *testing.T) {
	var failure error
	p := configParser{discover: func(ctx context.Context) ([]*metav1.APIResourceList, error) {
		lists, _ := someResources(ctx)
		return lists, failure
	}}
	failure = errors.New("no route")
	if _, err := p.parse(t.Context(), rules, noon); err == nil || !strings.Contains(err.Error(), "no route") {
		t.Errorf("got error %v, want that of discovery", err)
	}
	failure = nil
	first, err := p.parse(t.Context(), rules, noon)
	if err != nil || first.err != nil {
		t.Fatal(err, first.err)
	}
	failure = errors.New("no route")
	again, err := p.parse(t.Context(), rules, noon.Add(2*discoveryAge))
	if err != nil || again != first {
		t.Errorf("got error %v: what was discovered before would do", err)
	}
}

func TestIntervalsThatKeepTheAdapterFromStarting(t *testing.T) {
	p := configParser{discover: someResources}
	c, err := p.parse(t.Context(), rules, noon)
	if err != nil {
		t.Fatal(err)
	}
	if config, err := c.checked(nil); config == nil || err != nil {
		t.Errorf("without a process got %v and %v", config, err)
	}
	good := []Process{{relist: time.Minute, maxAge: time.Second}, {relist: time.Minute}}
	if config, err := c.checked(good); config == nil || err != nil {
		t.Errorf("with good flags of the newest process got %v and %v", config, err)
	}
	bad := []Process{{relist: time.Minute, maxAge: time.Second}}
	config, first := c.checked(bad)
	var errs adapterconfig.Errors
	if config != nil || !errors.As(first, &errs) || errs[0].Kind != adapterconfig.ErrorIntervals {
		t.Errorf("with bad flags got %v and %v", config, first)
	}
}

func TestPreferredOrderOfResources(t *testing.T) {
	group := func(name, preferred string, versions ...string) *metav1.APIGroup {
		g := &metav1.APIGroup{Name: name, PreferredVersion: metav1.GroupVersionForDiscovery{GroupVersion: preferred}}
		for _, v := range versions {
			g.Versions = append(g.Versions, metav1.GroupVersionForDiscovery{GroupVersion: v})
		}
		return g
	}
	list := func(gv string) *metav1.APIResourceList { return &metav1.APIResourceList{GroupVersion: gv} }
	var got []string
	for _, l := range preferred(
		[]*metav1.APIGroup{group("", "v1", "v1"), group("b", "b/v1", "b/v2", "b/v1"), group("a", "a/v1", "a/v1")},
		[]*metav1.APIResourceList{list("a/v1"), list("b/v2"), list("v1"), list("b/v1"), list("gone/v1")},
	) {
		got = append(got, l.GroupVersion)
	}
	if diff := cmp.Diff([]string{"v1", "b/v1", "b/v2", "a/v1"}, got); diff != "" {
		t.Error(diff)
	}
}
