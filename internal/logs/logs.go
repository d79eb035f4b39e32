// Package logs declares the lines that the product logs about workloads and requests, and
// the annotations that it adds to the audit events of requests. Like metrics, they are for
// programs: none is removed or changes its meaning within a major version. The reference
// page is generated from the declarations.
package logs

import "github.com/go-logr/logr"

// Process is a program that logs.
type Process string

// The processes.
const (
	Webhook    Process = "webhook"
	Controller Process = "controller"
)

// Key is one value of a line.
type Key struct {
	Name, Help string
}

// Line is one kind of line at level info.
type Line struct {
	// Message is constant.
	Message string
	// When says in one sentence when it is logged.
	When    string
	Process Process
	// Keys are the keys of the values, in the order in which Log is given these.
	Keys []Key
}

// Log logs the line with a value for each key. What others wrote must be quoted.
func (l Line) Log(log logr.Logger, values ...any) {
	pairs := make([]any, 0, 2*len(l.Keys))
	for i, v := range values[:min(len(values), len(l.Keys))] {
		pairs = append(pairs, l.Keys[i].Name, v)
	}
	log.Info(l.Message, pairs...)
}

// The keys that several lines have.
var (
	reason   = Key{"reason", "reason of the event, or of the finding: one of [the findings](findings.md)"}
	severity = Key{"severity", "severity of the finding, `Error` or `Warning`"}
	hop      = Key{"hop", "hop of the metric pipeline that the finding is about; empty for settings, policies and pairing"}
	note     = Key{"note", "what the event says: one line of at most 1024 bytes"}
)

// object are the keys that begin every line, and more.
func object(more ...Key) []Key {
	return append([]Key{
		{"kind", "kind of the object that the line is about"},
		{"namespace", "its namespace; empty for a LatencyPolicy"},
		{"name", "its name, or what a name will be generated from"},
	}, more...)
}

// action are the keys of lines about what the controller did.
func action() []Key {
	return object(reason, Key{"autoscaler", "name of the HorizontalPodAutoscaler"}, note)
}

// The lines about workloads. Each follows the write that it is about.
var (
	Attached = Line{Message: "attached", Process: Controller, Keys: action(),
		When: "An autoscaler was created for a Deployment."}
	Updated = Line{Message: "updated", Process: Controller, Keys: action(),
		When: "The managed autoscaler was changed; the note says what from what to what."}
	Paused = Line{Message: "paused", Process: Controller, Keys: action(),
		When: "The same, when it stopped scaling in a direction."}
	Resumed = Line{Message: "resumed", Process: Controller, Keys: action(),
		When: "The same, when it scales in both directions again."}
	Detached = Line{Message: "detached", Process: Controller, Keys: action(),
		When: "The managed autoscaler was deleted. One that is deleted with its Deployment is not logged."}
	Adopted = Line{Message: "adopted", Process: Controller, Keys: action(),
		When: "An existing autoscaler was adopted."}
	Restored = Line{Message: "restored", Process: Controller, Keys: action(),
		When: "An adopted autoscaler got its previous spec back, also because its Deployment was deleted."}
)

// The lines about findings. Unknown findings, which come and go with what can be read, have
// none.
var (
	FindingAppeared = Line{Message: "finding appeared", Process: Controller,
		When: "A Deployment or Service has a finding that it did not have; after a restart, that it has.",
		Keys: object(reason, severity, hop, Key{"blocks", "true if the finding keeps the workload from being attached"}, note)}
	FindingResolved = Line{Message: "finding resolved", Process: Controller,
		When: "It no longer has it, and still exists and is enabled.",
		Keys: object(reason, severity, hop)}
)

// Denied is the line about a request that is refused.
var Denied = Line{Message: "denied", Process: Webhook,
	When: "A request to create or change a Deployment, a Service or a LatencyPolicy was denied. Up to 500 at once and 50 a second are logged.",
	Keys: object(
		Key{"operation", "`CREATE` or `UPDATE`"},
		Key{"user", "name of the user who sent the request"},
		Key{"dryRun", "true for a request with `--dry-run=server`, which writes nothing"},
		Key{"reasons", "list of the reasons, which are [findings](findings.md), each once"},
		Key{"omitted", "denials since the last of these lines that were not logged"},
	)}

// All returns every line.
func All() []Line {
	return []Line{Attached, Updated, Paused, Resumed, Detached, Adopted, Restored, FindingAppeared, FindingResolved, Denied}
}
