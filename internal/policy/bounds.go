package policy

import (
	"cmp"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// bounds is a range that includes its ends; a nil end is open.
type bounds[T any] struct {
	min, max *T
	compare  func(a, b T) int
	text     func(T) string
}

// clamp brings v into the bounds. Where they contradict each other the upper one
// holds. It keeps order: a ≤ b stays so under bounds that are themselves in order.
func (b bounds[T]) clamp(v T) T {
	if b.min != nil && b.compare(v, *b.min) < 0 {
		v = *b.min
	}
	if b.max != nil && b.compare(v, *b.max) > 0 {
		v = *b.max
	}
	return v
}

// contradicts reports whether nothing is within the bounds.
func (b bounds[T]) contradicts() bool {
	return b.min != nil && b.max != nil && b.compare(*b.min, *b.max) > 0
}

// String says what is allowed.
func (b bounds[T]) String() string {
	switch {
	case b.min != nil && b.max != nil && b.compare(*b.min, *b.max) == 0:
		return "exactly " + b.text(*b.min)
	case b.min != nil && b.max != nil:
		return fmt.Sprintf("from %s to %s", b.text(*b.min), b.text(*b.max))
	case b.min != nil:
		return "at least " + b.text(*b.min)
	case b.max != nil:
		return "at most " + b.text(*b.max)
	default:
		return "anything"
	}
}

// limits are the bounds of one policy; the zero value has none.
type limits struct {
	target bounds[resource.Quantity]
	// The fewest replicas can never be more than the most may be, nor the most be
	// less than the fewest must be, so each range counts for both.
	minReplicas, maxReplicas bounds[int32]
	// requests and concurrency are of one pod.
	requests, concurrency bounds[resource.Quantity]
}

func limitsOf(l *v1alpha1.Limits) limits {
	if l == nil {
		l = &v1alpha1.Limits{}
	}
	least, most := l.MinReplicas, l.MaxReplicas
	if least == nil {
		least = &v1alpha1.Int32Range{}
	}
	if most == nil {
		most = &v1alpha1.Int32Range{}
	}
	target := l.TargetMilliseconds
	if target == nil {
		target = &v1alpha1.QuantityRange{}
	}
	return limits{
		target:      bounds[resource.Quantity]{target.Min, target.Max, compareQuantities, annotations.FormatTarget},
		minReplicas: bounds[int32]{least.Min, tighter(least.Max, most.Max, -1), cmp.Compare[int32], replicasText},
		maxReplicas: bounds[int32]{tighter(most.Min, least.Min, 1), most.Max, cmp.Compare[int32], replicasText},
		requests:    loadBounds(l.RequestsPerSecondPerPod),
		concurrency: loadBounds(l.ConcurrencyPerPod),
	}
}

func loadBounds(r *v1alpha1.LoadRange) bounds[resource.Quantity] {
	if r == nil {
		r = &v1alpha1.LoadRange{}
	}
	return bounds[resource.Quantity]{r.Min, r.Max, compareQuantities, annotations.FormatTarget}
}

// tighter is the lesser of two upper ends (sign -1) or the greater of two lower
// ends (sign 1); nil is an open end.
func tighter(a, b *int32, sign int) *int32 {
	if a == nil || b != nil && cmp.Compare(*b, *a) == sign {
		return b
	}
	return a
}

// compareQuantities works on copies: comparing can change the representation of a
// Quantity, and a policy is read concurrently.
func compareQuantities(a, b resource.Quantity) int { return a.Cmp(b) }

func replicasText(n int32) string { return strconv.Itoa(int(n)) }
