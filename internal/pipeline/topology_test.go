package pipeline

import (
	"fmt"
	"slices"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func TestTagsWithoutOwn(t *testing.T) {
	tags := &routeTags{count: map[string]int{"Service ns/a": 1, "Service ns/b": 2, "HTTPRoute ns/c": 1, "Service ns/c": 1}}
	tags.sort()
	tests := []struct {
		own   map[string]int
		first []string
		total int
		last  string
	}{
		{nil, []string{"HTTPRoute ns/c", "Service ns/a"}, 4, "HTTPRoute ns/c"},
		{map[string]int{"HTTPRoute ns/c": 1}, []string{"Service ns/a", "Service ns/b"}, 3, "Service ns/c"},
		{map[string]int{"Service ns/b": 1}, []string{"HTTPRoute ns/c", "Service ns/a"}, 4, "HTTPRoute ns/c"},
		{tags.count, nil, 0, ""},
	}
	for _, tt := range tests {
		first, total, last := tags.without(tt.own, 2)
		if !slices.Equal(first, tt.first) || total != tt.total || last != tt.last {
			t.Errorf("without %v: got %q of %d, last %q", tt.own, first, total, last)
		}
	}
}

// BenchmarkServices judges one Service after the other, of many behind one Gateway:
// what one costs must not depend on how many there are.
func BenchmarkServices(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		s := goodSnapshot()
		s.HTTPRoutes = KnownSet[*gatewayv1.HTTPRoute]()
		for i := range n {
			name := fmt.Sprintf("echo-%05d", i)
			s.HTTPRoutes.Items = append(s.HTTPRoutes.Items, gatewayRoute("default", name, "kong", gatewayRule(name)))
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			t := newTopology(s)
			i := 0
			for b.Loop() {
				subject := goodSubject
				subject.Service = fmt.Sprintf("echo-%05d", i%n)
				evaluateExtension(t, subject)
				evaluateRoute(t, subject)
				i++
			}
		})
	}
}
