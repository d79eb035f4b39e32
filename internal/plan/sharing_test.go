package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func matchLabels(pairs ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: labelsOf(pairs...)}
}

func labelsOf(pairs ...string) map[string]string {
	out := map[string]string{}
	for _, p := range pairs {
		k, v, _ := strings.Cut(p, "=")
		out[k] = v
	}
	return out
}

// selecting is a workload with a selector.
func selecting(name string, s *metav1.LabelSelector, podLabels, all map[string]string) model.Workload {
	return testutil.Workload(all, func(w *model.Workload) {
		w.Name, w.Selector, w.PodLabels, w.UID = name, s, podLabels, "u"
	})
}

func owner(kind, name string, s *metav1.LabelSelector, podLabels map[string]string) model.PodOwner {
	return model.PodOwner{Kind: kind, Namespace: "default", Name: name, Selector: s, PodLabels: podLabels}
}

func scales(kind, name string, target model.Ref) model.Autoscaler {
	return model.Autoscaler{Kind: kind, Namespace: "default", Name: name, UID: name, Scales: target}
}

// The workload is web, whose selector is app=web and whose pods have track=stable, too.
func TestOnePodOneAutoscaler(t *testing.T) {
	const another, others = "AmbiguousSelector", "SelectorMatchesOthers"
	web := selecting("web", matchLabels("app=web"), labelsOf("app=web", "track=stable"), requested)
	apiService := svc("api", labelsOf("app=web", "track=api"), nil)
	api := func(all map[string]string) model.Workload { // first by name
		return selecting("api", matchLabels("app=web", "track=api"), labelsOf("app=web", "track=api"), all)
	}
	zoo := func(all map[string]string) model.Workload { // last by name
		return selecting("zoo", matchLabels("app=web", "track=zoo"), labelsOf("app=web", "track=zoo"), all)
	}
	zooService := svc("zoo", labelsOf("app=web", "track=zoo"), nil)
	db := owner(model.KindStatefulSet, "db", matchLabels("app=web", "part=db"), labelsOf("app=web", "part=db"))
	rollout := owner(model.KindRollout, "next", matchLabels("app=web", "track=next"), labelsOf("app=web", "track=next"))
	managedWeb := autoscaler("web", "web", made)
	tests := map[string]struct {
		c        model.StaticCatalog
		reasons  []string
		attached bool
		words    []string
	}{
		"alone":                               {attached: true},
		"another without an autoscaler":       {c: model.StaticCatalog{Workloads: []model.Workload{api(nil)}}, reasons: []string{others}, attached: true, words: []string{"Deployment web ", "Deployment api", "add track: stable to spec.selector of Deployment web"}},
		"another that is enabled and first":   {c: model.StaticCatalog{Workloads: []model.Workload{api(requested)}, Services: []model.Service{apiService}}, reasons: []string{another}, words: []string{"Deployments web and api", "first by its name", "track: stable"}},
		"another that cannot be attached":     {c: model.StaticCatalog{Workloads: []model.Workload{api(requested)}}, reasons: []string{others}, attached: true},
		"another that is enabled and last":    {c: model.StaticCatalog{Workloads: []model.Workload{zoo(requested)}, Services: []model.Service{zooService}}, reasons: []string{others}, attached: true},
		"the last has an autoscaler":          {c: model.StaticCatalog{Workloads: []model.Workload{zoo(requested)}, Autoscalers: []model.Autoscaler{autoscaler("zoo", "zoo")}}, reasons: []string{another}, words: []string{"HorizontalPodAutoscaler zoo"}},
		"the first has none, and this one":    {c: model.StaticCatalog{Workloads: []model.Workload{api(requested)}, Services: []model.Service{apiService}, Autoscalers: []model.Autoscaler{managedWeb}}, reasons: []string{others}, attached: true},
		"both have one":                       {c: model.StaticCatalog{Workloads: []model.Workload{api(requested)}, Autoscalers: []model.Autoscaler{managedWeb, autoscaler("api", "api")}}, reasons: []string{another}, attached: true},
		"the other's is being deleted":        {c: model.StaticCatalog{Workloads: []model.Workload{api(nil)}, Autoscalers: []model.Autoscaler{autoscaler("api", "api", deleting)}}, reasons: []string{others}, attached: true},
		"a StatefulSet":                       {c: model.StaticCatalog{Owners: []model.PodOwner{db}}, reasons: []string{others}, attached: true, words: []string{"StatefulSet db"}},
		"a StatefulSet with an HPA":           {c: model.StaticCatalog{Owners: []model.PodOwner{db}, Autoscalers: []model.Autoscaler{scales(model.KindHPA, "db", db.Ref())}}, reasons: []string{another}, words: []string{"Deployment web and StatefulSet db", "the pods of StatefulSet db"}},
		"a Rollout with a ScaledObject":       {c: model.StaticCatalog{Owners: []model.PodOwner{rollout}, Autoscalers: []model.Autoscaler{scales(model.KindScaledObject, "so", rollout.Ref())}}, reasons: []string{another}, words: []string{"Rollout next", "ScaledObject so"}},
		"an autoscaler that is no HPA":        {c: model.StaticCatalog{Owners: []model.PodOwner{db}, Autoscalers: []model.Autoscaler{scales(model.KindDatadog, "db", db.Ref())}}, reasons: []string{others}, attached: true},
		"an HPA of the same name elsewhere":   {c: model.StaticCatalog{Owners: []model.PodOwner{db}, Autoscalers: []model.Autoscaler{scales(model.KindHPA, "db", model.Ref{Kind: "StatefulSet.example.com", Name: "db"})}}, reasons: []string{others}, attached: true},
		"a selector that matches only others": {c: model.StaticCatalog{Owners: []model.PodOwner{owner(model.KindStatefulSet, "db", matchLabels("app=db"), labelsOf("app=db", "track=stable"))}, Autoscalers: []model.Autoscaler{scales(model.KindHPA, "db", db.Ref())}}, attached: true},
		"only the other's selector matches":   {c: model.StaticCatalog{Owners: []model.PodOwner{owner(model.KindStatefulSet, "all", matchLabels("track=stable"), labelsOf("track=stable"))}, Autoscalers: []model.Autoscaler{scales(model.KindHPA, "all", model.Ref{Kind: model.KindStatefulSet, Name: "all"})}}, reasons: []string{another}, words: []string{"to spec.selector of StatefulSet all"}},
		"only the other's, without an HPA":    {c: model.StaticCatalog{Owners: []model.PodOwner{owner(model.KindStatefulSet, "all", matchLabels("track=stable"), labelsOf("track=stable"))}}, attached: true},
		"pods of a third": {c: model.StaticCatalog{
			Owners:      []model.PodOwner{owner(model.KindDaemonSet, "third", matchLabels("app=third"), labelsOf("app=web", "tier=x")), owner(model.KindStatefulSet, "far", matchLabels("tier=x"), labelsOf("tier=x"))},
			Autoscalers: []model.Autoscaler{scales(model.KindHPA, "far", model.Ref{Kind: model.KindStatefulSet, Name: "far"})},
		}, reasons: []string{another}, words: []string{"both match the pods of DaemonSet third"}},
		"a Rollout with a workloadRef": {c: model.StaticCatalog{
			Owners:      []model.PodOwner{{Kind: model.KindRollout, Namespace: "default", Name: "r", TakesOver: &model.Takeover{Kind: model.KindRollout, Name: "r", Deployment: "web"}}},
			Autoscalers: []model.Autoscaler{scales(model.KindHPA, "r", model.Ref{Kind: model.KindRollout, Name: "r"})},
		}, reasons: []string{another, "ReplicasControlled"}, words: []string{"Rollout r"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.c.Workloads = append(tt.c.Workloads, web)
			tt.c.Services = append(tt.c.Services, svc("web", labelsOf("track=stable"), nil))
			r := plan.Resolve(web, tt.c, nil)
			if diff := cmp.Diff(tt.reasons, reasons(r.Findings)); diff != "" || (r.Plan != nil) != tt.attached {
				t.Errorf("attached %t, want %t (-want +got):\n%s\n%v", r.Plan != nil, tt.attached, diff, r.Findings)
			}
			var said strings.Builder
			for _, f := range r.Findings {
				said.WriteString(f.Message + "\n" + f.Fix.Summary + "\n")
			}
			for _, word := range tt.words {
				if !strings.Contains(said.String(), word) {
					t.Errorf("%q is not in\n%s", word, said.String())
				}
			}
		})
	}
}

// noHPAs is a catalog whose HorizontalPodAutoscalers could not be read.
type noHPAs struct{ model.StaticCatalog }

func (noHPAs) HPAsUnread() string { return "forbidden" }

// Without knowing who has an autoscaler, the name decides nothing.
func TestUnknownAutoscalersExcludeNobody(t *testing.T) {
	podLabels := func(part string) map[string]string { return labelsOf("app=web", "part="+part) }
	a, b := selecting("a", matchLabels("app=web"), podLabels("a"), requested), selecting("b", matchLabels("app=web"), podLabels("b"), requested)
	c := model.StaticCatalog{Workloads: []model.Workload{a, b}, Services: []model.Service{svc("a", labelsOf("part=a"), nil), svc("b", labelsOf("part=b"), nil)}}
	if r := plan.Resolve(b, noHPAs{c}, nil); r.Plan == nil {
		t.Errorf("found %v", r.Findings)
	}
	if r := plan.Resolve(b, c, nil); r.Plan != nil {
		t.Error("both get one")
	}
}

// Exactly one of several enabled workloads gets an autoscaler, whoever looks first.
func TestOfSeveralEnabledWorkloadsOneIsAttached(t *testing.T) {
	var c model.StaticCatalog
	for _, name := range []string{"c", "a", "b"} {
		podLabels := labelsOf("app=web", "part="+name)
		c.Workloads = append(c.Workloads, selecting(name, matchLabels("app=web"), podLabels, requested))
		c.Services = append(c.Services, svc(name, labelsOf("part="+name), nil))
	}
	for _, w := range c.Workloads {
		if got := plan.Resolve(w, c, nil).Plan != nil; got != (w.Name == "a") {
			t.Errorf("%s is attached: %t", w.Name, got)
		}
	}
}

func TestOtherControllersOfReplicas(t *testing.T) {
	web := testutil.Workload(requested)
	for name, tt := range map[string]struct {
		c     model.StaticCatalog
		words []string
	}{
		"a Canary":             {model.StaticCatalog{Takeovers: []model.Takeover{{Kind: model.KindCanary, Name: "c", Deployment: "echo"}}}, []string{"Canary c of Flagger", "echo-primary"}},
		"a Rollout":            {model.StaticCatalog{Owners: []model.PodOwner{{Kind: model.KindRollout, Name: "r", TakesOver: &model.Takeover{Kind: model.KindRollout, Name: "r", Deployment: "echo"}}}}, []string{"Rollout r", "does not scale them"}},
		"one that scales down": {model.StaticCatalog{Owners: []model.PodOwner{{Kind: model.KindRollout, Name: "r", TakesOver: &model.Takeover{Kind: model.KindRollout, Name: "r", Deployment: "echo", ScaleDown: "onsuccess"}}}}, []string{"Rollout r", "scaleDown: onsuccess"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.c.Workloads, tt.c.Services = []model.Workload{web}, []model.Service{testutil.Service(nil)}
			r := plan.Resolve(web, tt.c, nil)
			if len(r.Findings) != 1 || r.Findings[0].Reason != plan.ReplicasControlled || r.Plan == nil {
				t.Fatalf("found %v", r.Findings)
			}
			for _, word := range tt.words {
				if !strings.Contains(r.Findings[0].Message, word) {
					t.Errorf("%q is not in %q", word, r.Findings[0].Message)
				}
			}
		})
	}
	other := model.StaticCatalog{Takeovers: []model.Takeover{{Kind: model.KindCanary, Name: "c", Deployment: "other"}},
		Workloads: []model.Workload{web}, Services: []model.Service{testutil.Service(nil)}}
	if r := plan.Resolve(web, other, nil); len(r.Findings) > 0 {
		t.Errorf("found %v", r.Findings)
	}
}

// unread is a catalog whose neighbors could not be read.
type unread struct{ model.StaticCatalog }

func (unread) OwnersSelectedBy(model.PodOwner) model.Owners { return model.Owners{Unread: "forbidden"} }
func (unread) OwnersSelecting(map[string]string) model.Owners {
	return model.Owners{Unread: "forbidden"}
}
func (unread) TakeoversOf(string) ([]model.Takeover, string)              { return nil, "forbidden" }
func (unread) CPURequestIsDefaulted() (bool, string)                      { return false, "forbidden" }
func (unread) AutoscalersOf(string) (list []model.Autoscaler, why string) { return nil, "forbidden" }

func TestUnknownNeighborsBlockNothing(t *testing.T) {
	w := testutil.Workload(requestedWith(annotations.CPUUtilization, "70"), func(w *model.Workload) {
		w.Selector, w.WithoutCPURequest = matchLabels("app=echo"), []string{"c"}
	})
	r := plan.Resolve(w, unread{testutil.Catalog(w, testutil.Service(nil))}, nil)
	want := []string{"CPURequestUnknown", "OtherAutoscalersUnknown", "OtherAutoscalersUnknown", "SelectorNotCompared"}
	if diff := cmp.Diff(want, reasons(r.Findings)); diff != "" || r.Plan == nil {
		t.Errorf("plan %v (-want +got):\n%s", r.Plan, diff)
	}
	for _, f := range r.Findings {
		if f.Severity != finding.Unknown {
			t.Errorf("%v is %s", f, f.Severity)
		}
	}
}

func TestCPURequests(t *testing.T) {
	settings := requestedWith(annotations.CPUUtilization, "70")
	for name, tt := range map[string]struct {
		settings map[string]string
		without  []string
		defaults []model.CPUDefault
		want     []string
	}{
		"not scaled by CPU":     {requested, []string{"c"}, nil, nil},
		"all have one":          {settings, nil, nil, nil},
		"one has none":          {settings, []string{"c"}, nil, []string{"CPURequestMissing"}},
		"a LimitRange gives it": {settings, []string{"c"}, []model.CPUDefault{{}, {Sets: true}}, nil},
		"a LimitRange does not": {settings, []string{"c"}, []model.CPUDefault{{}}, []string{"CPURequestMissing"}},
	} {
		w := testutil.Workload(tt.settings, func(w *model.Workload) { w.WithoutCPURequest = tt.without })
		c := testutil.Catalog(w, testutil.Service(nil))
		c.CPUDefaults = tt.defaults
		if diff := cmp.Diff(tt.want, reasons(plan.Resolve(w, c, nil).Findings)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAServiceBeforeWhatIsNoDeployment(t *testing.T) {
	for kind, called := range map[string]string{
		model.KindStatefulSet: "StatefulSet", model.KindRollout: "Rollout", model.KindDaemonSet: "DaemonSet", model.KindKnativeService: "Knative Service",
	} {
		c := model.StaticCatalog{Owners: []model.PodOwner{owner(kind, "db", nil, app)}}
		f := plan.CheckService(testutil.Service(requested), c)
		if want := "the pods that it selects belong to " + called + " default/db; only Deployments are autoscaled"; len(f) != 1 || f[0].Message != want {
			t.Errorf("found %v, want %q", f, want)
		}
		f = plan.CheckService(testutil.Service(requestedWith(annotations.Deployment, "db")), c)
		if want := "kong.latency/deployment is db, which is a " + called + "; only Deployments are autoscaled"; len(f) != 1 || f[0].Message != want {
			t.Errorf("found %v, want %q", f, want)
		}
	}
}

// counting counts the look-ups of a catalog, and how many objects they returned.
type counting struct {
	model.StaticCatalog
	lookUps, returned *int
}

func (c counting) count(o model.Owners) model.Owners {
	*c.lookUps++
	*c.returned += len(o.List)
	return o
}

func (c counting) OwnersSelectedBy(o model.PodOwner) model.Owners {
	return c.count(c.StaticCatalog.OwnersSelectedBy(o))
}

func (c counting) OwnersSelecting(l map[string]string) model.Owners {
	return c.count(c.StaticCatalog.OwnersSelecting(l))
}

// With ten thousand workloads, of which all have a label in common, each is compared with
// few.
func TestTenThousandWorkloadsOfANamespace(t *testing.T) {
	const n = 10_000
	var c model.StaticCatalog
	for i := range n {
		name := fmt.Sprintf("shop-%05d", i)
		podLabels := labelsOf("instance=shop", "name="+name[len("shop-"):])
		c.Workloads = append(c.Workloads, selecting(name, &metav1.LabelSelector{MatchLabels: podLabels}, podLabels, requested))
	}
	c.Services = []model.Service{svc("shop", labelsOf("name=00007"), nil)}
	counted := counting{c.Indexed(), ptr.To(0), ptr.To(0)}
	for _, w := range c.Workloads[:100] {
		w.Annotations.Settings.Service = "shop" // so that each has a Service, and is compared
		if r := plan.Resolve(w, counted, nil); r.Plan == nil {
			t.Fatal(r.Findings)
		}
	}
	if *counted.lookUps != 2*100 || *counted.returned != 2*100 {
		t.Errorf("%d look-ups returned %d owners", *counted.lookUps, *counted.returned)
	}
}
