package cache

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

// BenchmarkPacked is what it costs to put a Deployment into a cache and to get it out.
func BenchmarkPacked(b *testing.B) {
	in := fullDeployment()
	transform := pack(stripDeployment)
	out, err := transform(in)
	if err != nil {
		b.Fatal(err)
	}
	u := unpacker{&appsv1.Deployment{}}
	b.Run("pack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = transform(in)
		}
	})
	b.Run(fmt.Sprintf("unpack %d bytes", len(out.(*packed).raw)), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = u.object(out)
		}
	})
}
