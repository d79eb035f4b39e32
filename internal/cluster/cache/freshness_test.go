package cache

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

const deployments = "deployments.apps"

// answers are those of an API server that a test decides.
type answers struct {
	err   error
	watch *watch.FakeWatcher
}

// freshness is one whose clock is at now, and a ListerWatcher of Deployments that it
// follows.
func freshness(now *time.Time, a *answers) (*Freshness, toolscache.ListerWatcherWithContext) {
	f := NewFreshness()
	f.now = func() time.Time { return *now }
	lw := f.follow(deployments, &toolscache.ListWatch{
		ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
			return &appsv1.DeploymentList{}, a.err
		},
		WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
			if a.err != nil {
				return nil, a.err
			}
			a.watch = watch.NewFakeWithOptions(watch.FakeOptions{ChannelSize: 10})
			return a.watch, nil
		},
	})
	return f, toolscache.ToListerWatcherWithContext(lw)
}

func refused() error {
	return apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: "deployments"}, "", errors.New("no"))
}

func TestACacheThatCannotBeWatchedIsOutdated(t *testing.T) {
	now, a := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), &answers{}
	f, lw := freshness(&now, a)
	try := func(o metav1.ListOptions) {
		_, err := lw.ListWithContext(t.Context(), o)
		if err == nil {
			_, _ = lw.WatchWithContext(t.Context(), o) // what it answers is noted
		}
	}
	expect := func(step, why string, unread bool, ready bool) {
		t.Helper()
		if got := f.Outdated(); !strings.Contains(got, why) || (got == "") != (why == "") {
			t.Errorf("%s: outdated because %q, want %q", step, got, why)
		}
		if got := f.Unread(); got[deployments] != unread || len(got) != 3 || got["services"] {
			t.Errorf("%s: unread are %v", step, got)
		}
		if err := f.Ready(); (err == nil) != ready {
			t.Errorf("%s: ready is %v", step, err)
		}
	}
	try(metav1.ListOptions{})
	expect("at first", "", false, true)
	a.err = refused()
	try(metav1.ListOptions{})
	expect("forbidden", "deployments.apps cannot be watched", true, true)
	now = now.Add(refusedFor)
	expect("forbidden for long", "forbidden", true, false)
	a.err = errors.New("connection refused")
	try(metav1.ListOptions{})
	expect("without an answer", "connection refused", true, true)
	a.err = nil
	if _, err := lw.ListWithContext(t.Context(), metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("listed only", "connection refused", true, true)
	try(metav1.ListOptions{})
	expect("watched again", "could not be watched until now", false, true)
	now = now.Add(settling)
	expect("settled", "", false, true)

	// A watch that cannot be continued is begun again: nobody is refused.
	a.err = apierrors.NewResourceExpired("too old")
	try(metav1.ListOptions{})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	a.err = context.Canceled
	_, _ = lw.ListWithContext(ended, metav1.ListOptions{})
	expect("expired, and ended", "", false, true)
	if (*Freshness)(nil).Outdated() != "" || (*Freshness)(nil).Ready() != nil {
		t.Error("without a Freshness, caches are outdated")
	}
}

// A watch may begin with all objects; until they are there, the cache is outdated.
func TestAWatchThatBeginsWithAllObjects(t *testing.T) {
	now, a := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), &answers{err: refused()}
	f, lw := freshness(&now, a)
	o := metav1.ListOptions{SendInitialEvents: ptr.To(true)}
	if _, err := lw.WatchWithContext(t.Context(), o); err == nil {
		t.Fatal("it is not refused")
	}
	a.err = nil
	w, err := lw.WatchWithContext(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	receive := func(o *appsv1.Deployment, kind watch.EventType) {
		a.watch.Action(kind, o)
		if e := <-w.ResultChan(); e.Object != runtime.Object(o) {
			t.Errorf("received %v", e)
		}
	}
	receive(&appsv1.Deployment{}, watch.Added)
	receive(&appsv1.Deployment{}, watch.Bookmark)
	if !f.Unread()[deployments] {
		t.Error("up to date before all objects are there")
	}
	receive(&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}}, watch.Bookmark)
	if f.Unread()[deployments] {
		t.Error("outdated although all objects are there")
	}
}
