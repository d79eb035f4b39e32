package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
)

// The HPA controller lists the pods that the selector of its target matches, whoever owns
// them. It counts all of them as replicas. And if the selector of the target of a second
// HorizontalPodAutoscaler matches one of them, it scales by neither, with the condition
// AmbiguousSelector: https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/controller/podautoscaler/horizontal.go
// (hpasControllingPodsUnderSelector). Names of owners have no part in it.

// crowd is the pod owners that share pods with a workload.
type crowd struct {
	// counted own pods that the workload's selector matches.
	counted []model.PodOwner
	// rivals have a selector that matches pods that the workload's selector matches too.
	rivals []rival
	// unread says why there may be more; it is empty if there are not.
	unread string
}

type rival struct {
	model.PodOwner
	// pods is the owner of pods that both selectors match.
	pods model.PodOwner
}

// maxCountedCompared is for the pods of how many others, which the selector of a workload
// matches, it is looked up which further selectors match them.
const maxCountedCompared = 8

func crowdOf(own model.PodOwner, c model.Neighbors) crowd {
	var out crowd
	selected := c.OwnersSelectedBy(own)
	out.unread = selected.Unread
	for _, o := range selected.List {
		if o.Ref() != own.Ref() && !o.Deleting {
			out.counted = append(out.counted, o)
		}
	}
	seen := map[model.Ref]bool{own.Ref(): true}
	for i, pods := range slices.Concat([]model.PodOwner{own}, out.counted) {
		if i > maxCountedCompared {
			out.add(seen, rival{pods, pods}) // an owner's selector matches its own pods
			out.unread = cmp.Or(out.unread, model.TooMany)
			continue
		}
		selecting := c.OwnersSelecting(pods.PodLabels)
		out.unread = cmp.Or(out.unread, selecting.Unread)
		for _, o := range selecting.List {
			out.add(seen, rival{o, pods})
		}
		if i > 0 {
			out.add(seen, rival{pods, pods})
		}
	}
	slices.SortStableFunc(out.rivals, func(a, b rival) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return out
}

// Sharing returns the pod owners that match pods that o matches, or own them.
func Sharing(o model.PodOwner, c model.Neighbors) []model.PodOwner {
	around := crowdOf(o, c)
	out := slices.Clone(around.counted)
	for _, r := range around.rivals {
		out = append(out, r.PodOwner)
	}
	return out
}

func (c *crowd) add(seen map[model.Ref]bool, r rival) {
	if !seen[r.Ref()] && !r.Deleting {
		seen[r.Ref()] = true
		c.rivals = append(c.rivals, r)
	}
}

// share adds what follows from the pods that the selectors of w and of others match: a
// second autoscaler of the same pods blocks the claim. Of two enabled workloads of which
// neither has an autoscaler, the first by name gets one.
func (claim *Claim) share(w model.Workload, c model.Catalog, policies Policies) {
	around := crowdOf(w.PodOwner(), c)
	others, _ := c.TakeoversOf(w.Name)
	for _, t := range others {
		target := model.PodOwner{Kind: t.Kind, Namespace: t.Namespace, Name: t.Name, PodLabels: w.PodLabels, Selector: w.Selector}
		if a, ok := hpaOf(target, c); ok {
			claim.block(ambiguous(w, rival{target, target}, scaledBy(a)).
				Suggest("scale one of the two: remove the annotations from Deployment %s, or delete %s %s", w.Name, a.Kind, a.Name))
			return
		}
	}
	for _, r := range around.rivals {
		if why := claim.rivalry(w, r, c, policies); why != "" {
			claim.block(ambiguous(w, r, why))
			return
		}
		if r.Kind == deploymentKind {
			claim.Rivals = append(claim.Rivals, r.Name)
		}
	}
	if len(around.counted) > 0 {
		claim.Findings = append(claim.Findings, counted(w, around.counted))
	}
	if around.unread != "" {
		claim.Findings = append(claim.Findings, SelectorNotCompared.On(w.Object(),
			"whether its selector matches pods of others could not be found out for all: %s", around.unread))
	}
}

func (claim *Claim) block(f finding.Finding) {
	claim.Findings = append(claim.Findings, f)
	claim.Blocked = claim.Managed == nil
}

// rivalry returns what another autoscaler of pods of w is, or will be; it is empty if
// there is none.
func (claim *Claim) rivalry(w model.Workload, r rival, c model.Catalog, policies Policies) string {
	if a, ok := hpaOf(r.PodOwner, c); ok {
		return scaledBy(a)
	}
	if claim.Managed != nil || claim.Adopt != nil || r.Kind != deploymentKind || r.Name > w.Name || c.HPAsUnread() != "" {
		return ""
	}
	if other, there := c.Workload(r.Name); there && contends(other, c, policies) {
		return "is enabled too, and first by its name"
	}
	return ""
}

func scaledBy(a model.Autoscaler) string { return fmt.Sprintf("is scaled by %s %s", a.Kind, a.Name) }

// hpaOf returns an autoscaler of another object that works by a HorizontalPodAutoscaler.
func hpaOf(o model.PodOwner, c model.Neighbors) (model.Autoscaler, bool) {
	list := c.AutoscalersScaling(o.Ref())
	i := slices.IndexFunc(list, func(a model.Autoscaler) bool { return a.UsesHPA() && !a.Deleting })
	if i < 0 {
		return model.Autoscaler{}, false
	}
	return list[i], true
}

// contends reports whether a workload is enabled and can be paired with its Service.
func contends(w model.Workload, c model.Catalog, policies Policies) bool {
	near := servicesNear(w, c)
	if _, enabled, findings := pair(w, near, c); enabled {
		return !finding.Blocks(findings)
	}
	effective := EffectivePolicyOf(policies, w)
	if effective.AutoAttach == nil || effective.Unknown {
		return false
	}
	_, one, findings := offer(w, near, c)
	return one && !finding.Blocks(findings)
}

// ambiguous is that the autoscaler of w would not be the only one of its pods.
func ambiguous(w model.Workload, r rival, why string) finding.Finding {
	own := w.PodOwner()
	pods := "the pods of " + called(r.pods)
	if r.SelectsPods(own.PodLabels) && own.SelectsPods(r.PodLabels) {
		pods = "the pods of the other"
	}
	return AmbiguousSelector.On(w.Object(), "the selectors of %s both match %s, and %s %s; Kubernetes scales by neither of two autoscalers of the same pods",
		together(own, r.PodOwner), pods, called(r.PodOwner), why).
		Suggest("%s", separate(own, r.PodOwner, r.pods)).At("spec", "selector")
}

// counted is that the selector of w matches pods of others, which have no autoscaler.
func counted(w model.Workload, others []model.PodOwner) finding.Finding {
	list := make([]string, len(others))
	for i, o := range others {
		list[i] = called(o)
	}
	return SelectorMatchesOthers.On(w.Object(), "the selector of Deployment %s matches the pods of %s too, and Kubernetes counts them as its replicas",
		w.Name, enumerate(list)).
		Suggest("%s", separate(w.PodOwner(), others[0])).At("spec", "selector")
}

func called(o model.PodOwner) string { return model.PlainKind(o.Kind) + " " + o.Name }

func together(a, b model.PodOwner) string {
	if a.Kind == b.Kind {
		return fmt.Sprintf("%ss %s and %s", a.Kind, a.Name, b.Name)
	}
	return called(a) + " and " + called(b)
}

// separate says which labels tell pods apart, for each of the first two owners whose
// selector matches pods of another.
func separate(owners ...model.PodOwner) string {
	var labels []string
	for i, o := range owners[:2] {
		for j, other := range owners {
			if i != j && o.Ref() != other.Ref() && o.SelectsPods(other.PodLabels) {
				labels = append(labels, fmt.Sprintf("%s to spec.selector of %s", distinguishing(o, other), called(o)))
				break
			}
		}
	}
	if len(labels) == 0 {
		return "give them selectors that match no common pods"
	}
	return "add " + strings.Join(labels, " and ") + "; a selector cannot be changed, so delete and create it again"
}

// distinguishing returns a label that the pods of o have, and those of other have not.
func distinguishing(o, other model.PodOwner) string {
	best := ""
	for _, key := range slices.Sorted(maps.Keys(o.PodLabels)) {
		value, has := other.PodLabels[key]
		switch {
		case has && value == o.PodLabels[key]:
		case has: // both say what they are
			return key + ": " + o.PodLabels[key]
		case best == "":
			best = key + ": " + o.PodLabels[key]
		}
	}
	return cmp.Or(best, fmt.Sprintf("a label that only its pods have, such as app.kubernetes.io/name: %s, which spec.template needs too,", o.Name))
}
