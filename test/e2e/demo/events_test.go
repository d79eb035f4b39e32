package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func event(uid, version string, second, count int, reason, message string) corev1.Event {
	return corev1.Event{
		ObjectMeta:    metav1.ObjectMeta{UID: types.UID(uid), ResourceVersion: version},
		LastTimestamp: metav1.NewTime(time.Unix(int64(second), 0)),
		Count:         int32(count),
		Reason:        reason,
		Message:       message,
	}
}

func TestRescalesAreReturnedOnceInOrder(t *testing.T) {
	up3 := event("a", "99", 10, 1, "SuccessfulRescale", "New size: 3; reason: above")
	up7 := event("b", "101", 10, 1, "SuccessfulRescale", "New size: 7; reason: above")
	other := event("c", "102", 10, 1, "FailedGetObjectMetric", "no metric")
	again := event("a", "140", 20, 2, "SuccessfulRescale", "New size: 3; reason: above")
	uncounted := event("d", "150", 21, 0, "SuccessfulRescale", "New size: 1; reason: below")

	var r rescales
	steps := []struct {
		events []corev1.Event
		want   []string
	}{
		{nil, nil},
		{[]corev1.Event{up7, other, up3}, []string{up3.Message, up7.Message}}, // in one second: by version, as a number
		{[]corev1.Event{up3, up7}, nil},
		{[]corev1.Event{uncounted, again, up7}, []string{again.Message, uncounted.Message}},
		{[]corev1.Event{uncounted, again, up7}, nil},
	}
	for i, step := range steps {
		if d := cmp.Diff(step.want, r.next(step.events)); d != "" {
			t.Errorf("step %d (-want +got):\n%s", i, d)
		}
	}
}

func TestNewSize(t *testing.T) {
	tests := map[string]struct {
		size int32
		ok   bool
	}{
		"New size: 10; reason: Service metric m above target": {10, true},
		"New size: ten; reason: x":                            {0, false},
		"":                                                    {0, false},
	}
	for message, want := range tests {
		size, ok := newSize(message)
		if ok != want.ok || (ok && size != want.size) {
			t.Errorf("%q: %d, %v; want %d, %v", message, size, ok, want.size, want.ok)
		}
	}
}
