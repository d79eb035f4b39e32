package annotations

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Stamp is what auto-attach records on a Deployment when it writes the target, so that a
// later change of the target by a user is recognized.
type Stamp struct {
	// Policy is the name of the LatencyPolicy.
	Policy string
	// Target is the value that was written as TargetMS.
	Target string
}

// String is the value of the annotation AttachedBy.
func (s Stamp) String() string { return s.Policy + "=" + s.Target }

// gave reports whether the target is the one that was written, however it is spelled.
func (s Stamp) gave(target resource.Quantity) bool {
	q, ok := targetOf(s.Target)
	return ok && q.Cmp(target) == 0
}

func parseStamp(value string, p *Parsed) bool {
	policy, target, ok := strings.Cut(value, "=")
	if !ok || len(validation.IsDNS1123Subdomain(policy)) > 0 || !ValidTarget(target) {
		return false
	}
	p.Stamp = &Stamp{Policy: policy, Target: target}
	return true
}

// written is the value of a key as people wrote it; ok is false if the key is absent,
// or was written by auto-attach.
func (p Parsed) written(key string) (value string, ok bool) {
	if key == TargetMS && p.Stamped || key == AttachedBy && p.Stamp != nil {
		return "", false
	}
	value, ok = p.Raw[key]
	return value, ok
}

// SameSettings reports whether users wrote the same annotations on both. What auto-attach
// wrote does not count.
func (p Parsed) SameSettings(other Parsed) bool { return p.within(other) && other.within(p) }

// within reports whether the other has everything that people wrote here.
func (p Parsed) within(other Parsed) bool {
	for key := range p.Raw {
		mine, ok := p.written(key)
		if !ok {
			continue
		}
		if theirs, there := other.written(key); !there || mine != theirs {
			return false
		}
	}
	return true
}

// Empty reports whether users wrote no annotation of the product.
func (p Parsed) Empty() bool {
	for key := range p.Raw {
		if _, ok := p.written(key); ok {
			return false
		}
	}
	return true
}
