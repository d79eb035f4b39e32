package controller

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/test/testutil"
)

func TestTheSamePlanIsWrittenAgainAfterGrowingPauses(t *testing.T) {
	now := time.Unix(0, 0)
	r := newRewrites(func() time.Time { return now })
	key, p := workload("echo"), testutil.Plan(t, testutil.Settings())
	var pauses []time.Duration
	for range 15 {
		next, until := r.pause(key, p)
		if next.After(now) {
			pauses = append(pauses, next.Sub(now))
			if until.Before(next) {
				t.Errorf("contested until %s, and written at %s", until, next)
			}
			now = next
		}
		r.wrote(key, p)
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}
	if len(pauses) != len(want) {
		t.Fatalf("pauses %v", pauses)
	}
	for i := range want {
		if pauses[i] != want[i]*time.Second {
			t.Errorf("pause %d is %s, want %ds", i, pauses[i], want[i])
		}
	}
	finds := 0
	find := func() string { finds++; return "it" }
	if r.other(key, find); r.other(key, find) != "it" || finds != 1 {
		t.Errorf("the other was looked for %d times", finds)
	}

	other := testutil.Plan(t, testutil.Settings("max-replicas", "7"))
	if next, _ := r.pause(key, other); next.After(now) {
		t.Error("another plan has to wait")
	}
	now = now.Add(calmAfter + time.Second)
	r.wrote(key, p)
	if next, _ := r.pause(key, p); next.After(now) {
		t.Error("the pause outlives the conflict")
	}
	if r.forget(key); len(r.of) != 0 {
		t.Error("it is remembered")
	}
}

func TestTheLatestOtherManagerIsNamed(t *testing.T) {
	at := func(seconds int64) *metav1.Time { return &metav1.Time{Time: time.Unix(seconds, 0)} }
	fields := []metav1.ManagedFieldsEntry{
		{Manager: "kubectl", Time: at(1)}, {Manager: "rightsizer", Time: at(3)}, {Manager: "old", Time: at(2)},
		{Manager: FieldManager, Time: at(9)}, {Manager: "kube-controller-manager", Subresource: "status", Time: at(8)}, {Manager: "timeless"},
	}
	if got := latestManager(fields, FieldManager); got != "rightsizer" {
		t.Errorf("got %q", got)
	}
	if got := latestManager(fields[3:], FieldManager); got != "" {
		t.Errorf("got %q", got)
	}
}
