package operator_test

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
)

// A snapshot goes in, and a report comes out: what is wrong, hop by hop. What the
// snapshot does not know is never reported as missing.
func Example() {
	snapshot := &pipeline.Snapshot{
		OperatorServices: pipeline.KnownSet(pipeline.OperatorService{
			Namespace: "kong-system", Name: "kong-operator-metrics",
			Ports: []pipeline.ServicePort{{Name: "http", Port: 8080}},
		}),
		MetricsAPI: pipeline.MetricsAPI{State: pipeline.Known},
	}
	subject := pipeline.Subject{Namespace: "default", Service: "echo", Metric: "latency"}
	report := pipeline.Diagnose(operator.Source{}, snapshot, subject)
	for _, f := range report.Findings() {
		fmt.Printf("%s: %s %s\n", f.Hop(), f.Severity, f.Reason.Name)
	}
	// Output:
	// extension: Unknown ExtensionUnknown
	// route: Unknown RouteUnknown
	// service-monitor: Unknown ServiceMonitorsUnknown
	// adapter-rule: Unknown AdapterConfigUnread
	// metrics-api: Error MetricsAPINotRegistered
}

// The hops are judged in this order.
func ExampleSource_Hops() {
	for _, hop := range (operator.Source{}).Hops() {
		fmt.Println(hop.Declaration)
	}
	// Output:
	// extension
	// route
	// service-monitor
	// prometheus
	// adapter-rule
	// metrics-api
	// series
}
