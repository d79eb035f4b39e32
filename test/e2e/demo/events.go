package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// rescales finds new SuccessfulRescale events. A repeated event is the same object with
// a higher count.
type rescales struct{ seen map[types.UID]int32 }

// next returns what happened since the last call, oldest first.
func (r *rescales) next(events []corev1.Event) []string {
	if r.seen == nil {
		r.seen = map[types.UID]int32{}
	}
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b corev1.Event) int {
		return cmp.Or(a.LastTimestamp.Compare(b.LastTimestamp.Time),
			// Within a second by resource version, a number without leading zeros.
			cmp.Compare(len(a.ResourceVersion), len(b.ResourceVersion)),
			cmp.Compare(a.ResourceVersion, b.ResourceVersion))
	})
	var lines []string
	for _, e := range events {
		if e.Reason != "SuccessfulRescale" {
			continue
		}
		count := max(e.Count, 1)
		if count <= r.seen[e.UID] {
			continue
		}
		r.seen[e.UID] = count
		lines = append(lines, e.Message)
	}
	return lines
}

// newSize reads the size out of the message of a SuccessfulRescale event,
// "New size: 3; reason: …".
func newSize(message string) (int32, bool) {
	var size int32
	_, err := fmt.Sscanf(strings.TrimSpace(message), "New size: %d;", &size)
	return size, err == nil
}
