package operator_test

import (
	"fmt"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// gateways is a source with the hops that judge what is in front of a Service.
type gateways struct{ operator.Source }

func (gateways) Hops() []pipeline.Hop { return []pipeline.Hop{extension.New(), route.New()} }

// BenchmarkServices judges one Service after the other, of many behind one Gateway:
// what one costs must not depend on how many there are.
func BenchmarkServices(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		s := pipelinetest.Good()
		s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]()
		for i := range n {
			name := fmt.Sprintf("echo-%05d", i)
			s.HTTPRoutes.Items = append(s.HTTPRoutes.Items, pipelinetest.NewRoute("default", name, "kong", pipelinetest.NewRule(name)))
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			e := pipeline.NewEvaluator(s)
			i := 0
			for b.Loop() {
				subject := pipelinetest.Subject
				subject.Service = fmt.Sprintf("echo-%05d", i%n)
				subject.Metric = fmt.Sprint(i) // not evaluated before
				e.Diagnose(gateways{}, subject)
				i++
			}
		})
	}
}
