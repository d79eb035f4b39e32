package plan

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
)

// Claim is which HorizontalPodAutoscaler the product may use for a workload.
type Claim struct {
	// Name is that of the HorizontalPodAutoscaler, whether or not it exists.
	Name string
	// Managed is the managed autoscaler of the workload; nil if there is none.
	Managed *model.Autoscaler
	// Adopt is the autoscaler to adopt; nil if there is none.
	Adopt *model.Autoscaler
	// Stale are managed autoscalers that the one named Name replaces.
	Stale []model.Autoscaler
	// Blocked is true if nothing may be attached. An autoscaler that is attached already
	// stays.
	Blocked bool
	// Rivals are the other Deployments that match common pods and have no autoscaler that is
	// known: the first that gets one excludes the others.
	Rivals []string
	// Findings say why. An error is possible also for a workload with a managed
	// autoscaler: another one was created later.
	Findings []finding.Finding
}

// ClaimOn decides which autoscaler the product may use for w; adopt is the name of the
// one to adopt according to the settings, or empty.
func ClaimOn(w model.Workload, adopt string, c model.Autoscalers) Claim {
	all, unread := c.AutoscalersOf(w.Name)
	claim := Claim{Managed: currentOf(w, adopt, all)}
	claim.Name = w.Name
	if claim.Managed != nil {
		claim.Name = claim.Managed.Name
	}
	if adopt != "" && (claim.Managed == nil || claim.Managed.Name != adopt) {
		claim.adopt(w, adopt, c)
	}
	claim.Stale = slices.DeleteFunc(slices.Clone(all), func(a model.Autoscaler) bool { return !a.Manages(w) || a.Name == claim.Name })
	for _, other := range others(w, all, claim) {
		claim.Findings = append(claim.Findings, claim.conflict(w, other))
	}
	if unread != "" {
		claim.Findings = append(claim.Findings, OtherAutoscalersUnknown.On(w.Object(),
			"whether another autoscaler scales it could not be found out: %s", unread))
	}
	claim.Blocked = claim.Managed == nil && finding.Blocks(claim.Findings)
	return claim
}

// currentOf is the autoscaler of all by which the product scales w: the one that it
// is to adopt, or an adopted one, or the one that it made.
func currentOf(w model.Workload, adopt string, all []model.Autoscaler) *model.Autoscaler {
	var current *model.Autoscaler
	for i, a := range all {
		if !a.Manages(w) {
			continue
		}
		if a.Name == adopt {
			return &all[i]
		}
		if current == nil || a.Adopted && !current.Adopted {
			current = &all[i]
		}
	}
	return current
}

// adopt finds out whether the HorizontalPodAutoscaler of that name can be taken over.
func (claim *Claim) adopt(w model.Workload, name string, c model.Autoscalers) {
	a, there := c.HPA(name)
	refuse := func(r *finding.Reason, format string, args ...any) {
		claim.Findings = append(claim.Findings, r.On(w.Object(), format, args...).
			Suggest("name another by %s, or remove that annotation", annotations.Adopt).
			At(annotations.Path(annotations.Adopt)))
	}
	switch {
	case !there || a.Deleting:
		refuse(AdoptedNotFound, "HorizontalPodAutoscaler %s, which it is to adopt, does not exist; HorizontalPodAutoscaler %s scales it instead", name, claim.Name)
	case a.MadeForFormer(w): // garbage collection is about to delete it
	case !a.ScalesWorkload(w):
		refuse(AdoptedScalesOther, "HorizontalPodAutoscaler %s, which it is to adopt, scales %s", name, a.Scales)
	case a.Controller != model.Ref{}:
		refuse(AdoptedControlled, "HorizontalPodAutoscaler %s, which it is to adopt, is controlled by %s, which would change it back", name, a.Controller)
	default:
		claim.Name, claim.Adopt = name, &a
	}
}

// others returns the autoscalers that scale w and are not managed, or have the name that
// is needed.
func others(w model.Workload, all []model.Autoscaler, claim Claim) []model.Autoscaler {
	return slices.DeleteFunc(slices.Clone(all), func(a model.Autoscaler) bool {
		switch {
		case a.Deleting, a.Manages(w), a.MadeForFormer(w):
			return true
		case claim.Adopt != nil && a.Kind == model.KindHPA && a.Name == claim.Adopt.Name:
			return true
		case !a.ScalesWorkload(w):
			return a.Kind != model.KindHPA || a.Name != claim.Name
		default: // an autoscaler that another one of the list works through
			return slices.ContainsFunc(all, func(b model.Autoscaler) bool {
				return b.Kind == a.Controller.Kind && b.Name == a.Controller.Name
			})
		}
	})
}

func (claim *Claim) conflict(w model.Workload, a model.Autoscaler) finding.Finding {
	if !a.ScalesWorkload(w) {
		return NameTaken.On(w.Object(), "HorizontalPodAutoscaler %s exists already, scales %s and is controlled by %s",
			a.Name, a.Scales, a.Controller).
			Suggest("delete or rename it; the HorizontalPodAutoscaler is attached as soon as it is deleted").
			At(annotations.Path(annotations.TargetMS))
	}
	const both = "%s %s scales it, and so would HorizontalPodAutoscaler %s"
	text := both
	if claim.Managed != nil {
		text = "%s %s scales it beside HorizontalPodAutoscaler %s, and Kubernetes scales by neither"
		if !a.UsesHPA() {
			text = "%s %s scales it beside HorizontalPodAutoscaler %s, and each overrules the other"
		}
	}
	f := AnotherAutoscaler.On(w.Object(), text, a.Kind, a.Name, claim.Name)
	if a.Kind == model.KindHPA && a.Name == claim.Name {
		f = AnotherAutoscaler.On(w.Object(), "HorizontalPodAutoscaler %s scales it already, and kong-latency does not manage it", a.Name)
	}
	f = f.At(annotations.Path(annotations.TargetMS))
	if a.Kind == model.KindHPA && a.Controller == (model.Ref{}) && claim.Managed == nil {
		return f.Suggest("delete it, or have it taken over by %s: %q", annotations.Adopt, a.Name)
	}
	return f.Suggest("delete one of the two; removing %s detaches the one that kong-latency manages", annotations.TargetMS)
}
