package operator_test

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// diagnose judges the metric of the good snapshot's Service in another snapshot.
func diagnose(s *pipeline.Snapshot) pipeline.Report {
	return pipeline.Diagnose(operator.Source{}, s, pipelinetest.Subject)
}

// reasons are all that the hops of the source can find.
func reasons() (out []*finding.Reason) {
	for _, h := range (operator.Source{}).Hops() {
		out = append(out, h.Reasons...)
	}
	return out
}
