package annotations

import (
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Stamp is what auto-attach records on a Deployment beside the target that it
// writes, so that it can tell later whether the target is still its own.
type Stamp struct {
	// Policy is the name of the LatencyPolicy.
	Policy string
	// Target is the value that it wrote, in milliseconds as TargetMS has them.
	Target string
}

// String is the value of the annotation AttachedBy.
func (s Stamp) String() string { return s.Policy + "=" + s.Target }

func parseStamp(value string, s *Settings) bool {
	policy, target, ok := strings.Cut(value, "=")
	var given Settings
	if !ok || len(validation.IsDNS1123Subdomain(policy)) > 0 || !parseTarget(target, &given) || given.Off {
		return false
	}
	s.AttachedBy = &Stamp{Policy: policy, Target: target}
	return true
}

// stamped tells whether the target in raw annotations is the one that auto-attach wrote.
func stamped(all map[string]string) bool {
	value, ok := all[AttachedBy]
	if !ok {
		return false
	}
	var s Settings
	return parseStamp(value, &s) && sameMeaning(TargetMS, all[TargetMS], s.AttachedBy.Target)
}

// Own returns raw annotations without what auto-attach wrote: without a record
// that can be read, and without the target if it is still the recorded one.
// The argument is not changed.
func Own(all map[string]string) map[string]string {
	var s Settings
	value, ok := all[AttachedBy]
	if !ok || !parseStamp(value, &s) {
		return all
	}
	own := maps.Clone(all)
	delete(own, AttachedBy)
	if stamped(all) {
		delete(own, TargetMS)
	}
	return own
}
