package topology

import (
	"slices"
	"testing"
)

func TestTagsWithoutOwn(t *testing.T) {
	tags := &Tags{count: map[string]int{"Service ns/a": 1, "Service ns/b": 2, "HTTPRoute ns/c": 1, "Service ns/c": 1}}
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
		first, total, last := tags.Without(tt.own, 2)
		if !slices.Equal(first, tt.first) || total != tt.total || last != tt.last {
			t.Errorf("without %v: got %q of %d, last %q", tt.own, first, total, last)
		}
	}
}
