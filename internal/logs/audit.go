package logs

// Annotation is one annotation of an audit event. The API server writes its key behind the
// name of the webhook and a slash.
type Annotation struct {
	Key, Help string
}

// The annotations. Their values have at most 1024 bytes.
var (
	AuditDenied   = Annotation{"denied", "The request is denied: the reasons, which are [findings](findings.md), separated by commas"}
	AuditWarned   = Annotation{"warned", "The request is admitted with findings: their reasons, separated by commas"}
	AuditEffects  = Annotation{"effects", "What the controller will do: `attach`, `change`, `adopt`, `detach` or `restore`, with the autoscaler and what of it changes; several are separated by semicolons"}
	AuditReplicas = Annotation{"replicas", "`spec.replicas` of the request and what it was replaced by, as in `1 to 8`"}
	AuditTarget   = Annotation{"target", "The target that a LatencyPolicy wrote, in milliseconds, and the policy, as in `50 by LatencyPolicy shops`"}
)

// Annotations returns every annotation.
func Annotations() []Annotation {
	return []Annotation{AuditDenied, AuditWarned, AuditEffects, AuditReplicas, AuditTarget}
}
