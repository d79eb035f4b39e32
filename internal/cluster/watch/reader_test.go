package watch

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var extensions = schema.GroupVersionResource{Group: convert.KongGroup, Version: "v1alpha1", Resource: "dataplanemetricsextensions"}

// api is an API server whose answers about extensions a test decides.
type api struct {
	*fake.FakeDynamicClient
	// list and watch are the errors of these verbs; nil lets them through.
	list, watch   atomic.Pointer[error]
	lists, events atomic.Int32
	logged        atomic.Int32
	// watcher is the watch that is open.
	watcher atomic.Pointer[watch.FakeWatcher]
}

func newAPI(objects ...runtime.Object) *api {
	a := &api{FakeDynamicClient: fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{extensions: "DataPlaneMetricsExtensionList"}, objects...)}
	a.PrependReactor("list", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		a.lists.Add(1)
		if err := a.list.Load(); err != nil {
			return true, nil, *err
		}
		return false, nil, nil
	})
	a.PrependWatchReactor("*", func(clienttesting.Action) (bool, watch.Interface, error) {
		if err := a.watch.Load(); err != nil {
			return true, nil, *err
		}
		w := watch.NewFakeWithOptions(watch.FakeOptions{ChannelSize: 10})
		a.watcher.Store(w)
		return true, w, nil
	})
	return a
}

func (a *api) refuse(err error) {
	a.list.Store(&err)
	a.watch.Store(&err)
}

func (a *api) allow() {
	a.list.Store(nil)
	a.watch.Store(nil)
}

// read runs a reader of extensions as long as the test does.
func (a *api) read(t *testing.T) *reader[pipeline.Extension] {
	t.Helper()
	r := newReader(deps{
		dynamic:  a,
		changed:  func() { a.events.Add(1) },
		interval: 10 * time.Millisecond,
		log:      funcr.New(func(_, text string) { a.logged.Add(1); t.Log(text) }, funcr.Options{}),
	}, convert.Extension, extensions)
	done := make(chan struct{})
	go func() { defer close(done); r.run(t.Context()) }()
	t.Cleanup(func() { <-done })
	return r
}

func extensionObject(name string, latency bool) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": convert.KongGroup + "/v1alpha1", "kind": "DataPlaneMetricsExtension",
		"metadata": map[string]any{"namespace": "default", "name": name},
		"spec":     map[string]any{"config": map[string]any{"latency": latency}},
	}}
}

func names(set pipeline.Set[pipeline.Extension]) []string {
	out := []string{}
	for _, e := range set.Items {
		out = append(out, e.Name)
	}
	return out
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "x", errors.New("no"))
}

func notInstalled() error {
	return &apierrors.StatusError{ErrStatus: apierrors.NewGenericServerResponse(404, "list", extensions.GroupResource(), "", "", 0, true).ErrStatus}
}

// newG waits longer than gomega does of itself: other packages are built and tested
// beside this one.
func newG(t *testing.T) *gomega.WithT {
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(30 * time.Second)
	return g
}

func TestAKindComesAndGoes(t *testing.T) {
	g := newG(t)
	a := newAPI(extensionObject("b", true), extensionObject("a", true))
	a.refuse(notInstalled())
	r := a.read(t)
	g.Eventually(r.settled).Should(gomega.BeTrue())
	want := pipeline.Set[pipeline.Extension]{State: pipeline.NotInstalled, Why: "the cluster has no dataplanemetricsextensions.gateway-operator.konghq.com"}
	g.Expect(cmp.Diff(want, r.set())).To(gomega.BeEmpty())
	a.allow()
	g.Eventually(func() pipeline.State { return r.set().State }).Should(gomega.Equal(pipeline.Known))
	g.Expect(names(r.set())).To(gomega.Equal([]string{"a", "b"}), "items are not sorted")
	a.refuse(notInstalled())
	a.watcher.Load().Stop()
	g.Eventually(r.set).Should(gomega.Equal(want))
	a.allow()
	g.Eventually(func() []string { return names(r.set()) }).Should(gomega.Equal([]string{"a", "b"}))
}

func TestAForbiddenKindIsUnreadableAndAskedForAgain(t *testing.T) {
	g := newG(t)
	a := newAPI()
	a.refuse(forbidden())
	r := a.read(t)
	g.Eventually(a.lists.Load).Should(gomega.BeNumerically(">=", 3), "it is not tried again")
	g.Expect(r.set().State).To(gomega.Equal(pipeline.Unreadable))
	g.Expect(r.set().Why).To(gomega.Equal("listing dataplanemetricsextensions.gateway-operator.konghq.com is forbidden"))
	g.Expect(a.logged.Load()).To(gomega.BeEquivalentTo(1), "the same is logged again and again")
	g.Expect(a.events.Load()).To(gomega.BeEquivalentTo(1), "no news cause new snapshots")
	a.allow()
	g.Eventually(func() pipeline.State { return r.set().State }).Should(gomega.Equal(pipeline.Known))
}

func TestAKindThatCannotBeWatchedIsNeverKnown(t *testing.T) {
	g := newG(t)
	a := newAPI(extensionObject("a", true))
	a.refuse(forbidden())
	a.list.Store(nil)
	r := a.read(t)
	g.Eventually(a.lists.Load).Should(gomega.BeNumerically(">=", 4))
	g.Expect(r.set().State).To(gomega.Equal(pipeline.Unreadable))
	g.Expect(r.set().Why).To(gomega.HavePrefix("watching "))
	g.Expect(a.events.Load()).To(gomega.BeEquivalentTo(1), "it was something else in between")
}

func TestChangesOfAKind(t *testing.T) {
	g := newG(t)
	a := newAPI(extensionObject("a", true))
	r := a.read(t)
	g.Eventually(func() pipeline.State { return r.set().State }).Should(gomega.Equal(pipeline.Known))
	g.Eventually(a.events.Load).Should(gomega.BeEquivalentTo(1)) // subscribers are called after it can be seen
	first, before := r.set(), a.events.Load()

	touched := extensionObject("a", true)
	touched.SetResourceVersion("9")
	touched.Object["status"] = map[string]any{"x": "y"}
	a.watcher.Load().Modify(touched)
	a.watcher.Load().Add(extensionObject("b", false))
	g.Eventually(func() []string { return names(r.set()) }).Should(gomega.Equal([]string{"a", "b"}))
	g.Eventually(a.events.Load).Should(gomega.BeEquivalentTo(before + 1))
	g.Consistently(a.events.Load).Should(gomega.BeEquivalentTo(before+1), "a change that is of no interest was announced")
	g.Expect(names(first)).To(gomega.Equal([]string{"a"}), "a set that was given out was changed")

	a.watcher.Load().Modify(extensionObject("a", false))
	g.Eventually(func() bool { return r.set().Items[0].Latency }).Should(gomega.BeFalse())
	a.watcher.Load().Delete(extensionObject("a", false))
	g.Eventually(func() []string { return names(r.set()) }).Should(gomega.Equal([]string{"b"}))
	again, same := r.set(), r.set()
	g.Expect(&again.Items[0]).To(gomega.BeIdenticalTo(&same.Items[0]), "the same set was made twice")
}

func TestOneObjectThatCannotBeUnderstood(t *testing.T) {
	g := newG(t)
	odd := extensionObject("odd", true)
	odd.Object["spec"] = "none"
	a := newAPI(extensionObject("a", true), odd)
	r := a.read(t)
	g.Eventually(func() []string { return names(r.set()) }).Should(gomega.Equal([]string{"a"}))
	g.Expect(r.set().State).To(gomega.Equal(pipeline.Unreadable))
	g.Expect(r.set().Why).To(gomega.HavePrefix("default/odd of dataplanemetricsextensions.gateway-operator.konghq.com cannot be understood"))
	a.watcher.Load().Delete(odd)
	g.Eventually(func() pipeline.State { return r.set().State }).Should(gomega.Equal(pipeline.Known))
}

func TestOutcomeOfAnAttempt(t *testing.T) {
	for name, tc := range map[string]struct {
		err     error
		known   bool
		failing time.Duration
		state   pipeline.State
		why     string
	}{
		"none":                       {nil, true, 0, "", ""},
		"absent":                     {notInstalled(), true, grace, pipeline.NotInstalled, "the cluster has no things"},
		"never there":                {notInstalled(), false, 0, pipeline.NotInstalled, "the cluster has no things"},
		"absent for a moment":        {notInstalled(), true, time.Second, "", ""},
		"forbidden":                  {forbidden(), true, grace, pipeline.Unreadable, "listing things is forbidden"},
		"never allowed":              {forbidden(), false, 0, pipeline.Unreadable, "listing things is forbidden"},
		"forbidden for a moment":     {forbidden(), true, time.Second, "", ""},
		"unauthorized":               {apierrors.NewUnauthorized("no"), true, grace, pipeline.Unreadable, "listing things is forbidden"},
		"restart":                    {errors.New("refused"), true, time.Second, "", ""},
		"outage":                     {errors.New("refused"), true, grace, pipeline.Unreadable, "listing things fails: refused"},
		"never read":                 {errors.New("refused"), false, 0, pipeline.Unreadable, "listing things fails: refused"},
		"conversion that is broken":  {apierrors.NewInternalError(errors.New("webhook")), false, 0, pipeline.Unreadable, "webhook"},
		"conversion that breaks now": {apierrors.NewInternalError(errors.New("webhook")), true, 0, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := objects[pipeline.Extension]{name: "things", grace: grace, failingSince: noon}
			if tc.known {
				o.state = pipeline.Known
			}
			state, why, news := o.outcome("listing", tc.err, noon.Add(tc.failing))
			if state != tc.state || !strings.Contains(why, tc.why) || news != (tc.state != "") {
				t.Errorf("got %q because %q (%v), want %q because %q", state, why, news, tc.state, tc.why)
			}
		})
	}
}

func TestAKindOutlivesAnOutage(t *testing.T) {
	o := newObjects("things", convert.Extension, deps{changed: func() {}, grace: grace, log: logr.Discard()})
	o.watched(nil, noon)
	if err := o.Replace([]any{extensionObject("a", true)}, "1"); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("connection refused")
	state := func() pipeline.State { return o.set().State }
	o.ended(broken, noon)
	o.ended(broken, noon.Add(grace/2))
	if got := names(o.set()); state() != pipeline.Known || len(got) != 1 {
		t.Errorf("got %s and %v in a short outage", state(), got)
	}
	o.ended(broken, noon.Add(grace))
	if state() != pipeline.Unreadable || len(o.set().Items) != 0 {
		t.Errorf("got %s in a long outage", state())
	}
	if err := o.Replace([]any{extensionObject("a", true)}, "2"); err != nil {
		t.Fatal(err)
	}
	if state() != pipeline.Unreadable {
		t.Errorf("got %s before the watch was open", state())
	}
	o.watched(nil, noon)
	if state() != pipeline.Known {
		t.Errorf("got %s after the outage", state())
	}
	o.ended(broken, noon.Add(2*grace))
	if state() != pipeline.Known {
		t.Errorf("got %s: a new outage counts from its own beginning", state())
	}
}

// A reflector that cannot connect keeps what it listed, and tries to watch again.
func TestAKindThatCannotBeWatchedAnyMoreIsUnknown(t *testing.T) {
	o := newObjects("things", convert.Extension, deps{changed: func() {}, grace: grace, log: logr.Discard()})
	o.watched(nil, noon)
	if err := o.Replace([]any{extensionObject("a", true)}, "1"); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("connection refused")
	o.watched(refused, noon)
	o.watched(refused, noon.Add(grace-1))
	if set := o.set(); set.State != pipeline.Known || len(set.Items) != 1 {
		t.Errorf("got %+v in a short outage", set)
	}
	o.watched(refused, noon.Add(grace))
	if set := o.set(); set.State != pipeline.Unreadable || set.Why != "watching things fails: connection refused" {
		t.Errorf("got %+v in a long outage", set)
	}
	o.watched(nil, noon.Add(2*grace))
	if set := o.set(); set.State != pipeline.Known || len(set.Items) != 1 {
		t.Errorf("got %+v after the outage", set)
	}
}

func TestAFirstListThatTakesLongIsNotWaitedFor(t *testing.T) {
	o := newObjects("things", convert.Extension, deps{changed: func() {}, log: logr.Discard()})
	o.watched(nil, noon)
	o.late(time.Minute)
	if set := o.set(); set.State != pipeline.Unreadable || set.Why != "the list of things did not arrive within 1m0s" || !o.settled() {
		t.Errorf("got %+v", set)
	}
	if err := o.Replace([]any{extensionObject("a", true)}, "1"); err != nil {
		t.Fatal(err)
	}
	o.late(time.Minute)
	if set := o.set(); set.State != pipeline.Known || len(set.Items) != 1 {
		t.Errorf("got %+v once it was there", set)
	}
}

// An object that is too large is not kept, and the kind is not known, while the others are
// there; it is logged and counted.
func TestWhatIsTooLargeIsDropped(t *testing.T) {
	logged := 0
	o := newObjects("things", convert.Extension, deps{changed: func() {}, log: funcr.New(func(_, text string) {
		if strings.Contains(text, "too large") {
			logged++
		}
	}, funcr.Options{})})
	o.watched(nil, time.Now())
	large := func(name string, bytes int) *unstructured.Unstructured {
		u := extensionObject(name, true)
		u.SetLabels(map[string]string{"x": strings.Repeat("x", bytes)})
		return u
	}
	if err := o.Replace([]any{extensionObject("a", true), large("b", maxObject)}, "1"); err != nil {
		t.Fatal(err)
	}
	set := o.set()
	if set.State != pipeline.Unreadable || len(set.Items) != 1 || !strings.Contains(set.Why, "default/b of things is too large to evaluate") {
		t.Errorf("got %s, %d items, %q", set.State, len(set.Items), set.Why)
	}
	if _, n := o.dropped(); n != 1 || logged != 1 {
		t.Errorf("%d dropped, %d logged", n, logged)
	}
	// As many as fit are kept.
	for i := range maxKind/(maxObject/2) + 10 {
		if err := o.Add(large(fmt.Sprint("c", i), maxObject/2)); err != nil {
			t.Fatal(err)
		}
	}
	if _, n := o.dropped(); n < 10 || o.weight > maxKind {
		t.Errorf("%d dropped, the weight is %d", n, o.weight)
	}
	for name := range o.items {
		if err := o.Delete(large(name.Name, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Add(extensionObject("a", true)); err != nil {
		t.Fatal(err)
	}
	if set := o.set(); set.State != pipeline.Known || len(set.Items) != 1 {
		t.Errorf("afterwards it is %s, %q", set.State, set.Why)
	}
}

// A list that is arriving is not kept beyond the limit either.
func TestAListIsBoundedWhileItArrives(t *testing.T) {
	o := newObjects("things", convert.Extension, deps{changed: func() {}, log: logr.Discard()})
	o.receive()
	kept := 0
	for range 2 * maxKind / (maxObject / 2) {
		u := extensionObject("a", true)
		u.SetLabels(map[string]string{"x": strings.Repeat("x", maxObject/2)})
		i, err := o.item(u)
		if err != nil {
			t.Fatal(err)
		}
		kept += i.converted.weight
	}
	if kept > maxKind || kept < maxKind/2 {
		t.Errorf("%d bytes are kept", kept)
	}
}
