package convert

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestMetricsAPI(t *testing.T) {
	const service = `spec: {service: {namespace: monitoring, name: adapter}}`
	known := pipeline.MetricsAPI{State: pipeline.Known, Registered: true, ServiceNamespace: "monitoring", ServiceName: "adapter"}
	available, refused, local := known, known, known
	available.Available = true
	refused.Message = "no endpoints"
	local.Available, local.ServiceNamespace, local.ServiceName = true, "", ""
	for name, tc := range map[string]struct {
		text string
		want pipeline.MetricsAPI
	}{
		"available":     {service + `, status: {conditions: [{type: Available, status: "True", message: all checks passed}]}`, available},
		"not available": {service + `, status: {conditions: [{type: Available, status: "False", message: no endpoints}]}`, refused},
		"not judged":    {service, known},
		"local":         {`spec: {}, status: {conditions: [{type: Available, status: "True"}]}`, local},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := MetricsAPI(decode(t, `{apiVersion: v1, kind: X, `+tc.text+`}`))
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}
