package model

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PodIndex finds the pod owners of one namespace by labels and by selectors. It is
// immutable. A nil PodIndex is empty.
type PodIndex struct {
	owners []PodOwner
	// byLabel is every owner by each pair of its pods' labels, bySelector each by one
	// alternative of pairs that its selector needs, and unanchored those whose selector
	// names no value. They hold positions in owners.
	byLabel, bySelector map[string][]int
	unanchored          []int
}

// NewPodIndex returns the index of owners.
func NewPodIndex(owners []PodOwner) *PodIndex {
	x := &PodIndex{owners: SortOwners(slices.Clone(owners)), byLabel: map[string][]int{}, bySelector: map[string][]int{}}
	for i, o := range x.owners {
		for _, pair := range Pairs(o.PodLabels) {
			x.byLabel[pair] = append(x.byLabel[pair], i)
		}
	}
	for i, o := range x.owners {
		rarest := x.rarest(Anchors(o.Selector, o.Name))
		if rarest == nil {
			x.unanchored = append(x.unanchored, i)
		}
		for _, pair := range rarest {
			x.bySelector[pair] = append(x.bySelector[pair], i)
		}
	}
	return x
}

// rarest is the alternative that the fewest pods have.
func (x *PodIndex) rarest(alternatives [][]string) []string {
	var best []string
	least := 0
	for _, any := range alternatives {
		n := 0
		for _, pair := range any {
			n += len(x.byLabel[pair])
		}
		if best == nil || n < least {
			best, least = any, n
		}
	}
	return best
}

// MaxCompared is how many pod owners that could share pods with one workload are compared
// with it. More have the same labels only by mistake.
const MaxCompared = 512

// SelectedBy returns the owners whose pods the selector matches.
func (x *PodIndex) SelectedBy(s *metav1.LabelSelector) Owners {
	if x == nil {
		return Owners{}
	}
	matches := Matcher(s)
	keep := func(o PodOwner) bool { return matches(o.PodLabels) }
	if pairs := x.rarest(Anchors(s, "")); pairs != nil {
		return x.among(positions(x.byLabel, pairs), keep)
	}
	all := make([]int, len(x.owners))
	for i := range all {
		all[i] = i
	}
	return x.among(all, keep)
}

// Selecting returns the owners whose selector matches pods with these labels.
func (x *PodIndex) Selecting(podLabels map[string]string) Owners {
	if x == nil {
		return Owners{}
	}
	candidates := append(positions(x.bySelector, Pairs(podLabels)), x.unanchored...)
	return x.among(candidates, func(o PodOwner) bool { return o.SelectsPods(podLabels) })
}

// Behind returns the owners, other than Deployments, whose pods a Service selects.
func (x *PodIndex) Behind(s Service) Owners {
	if len(s.Selector) == 0 {
		return Owners{}
	}
	out := x.SelectedBy(&metav1.LabelSelector{MatchLabels: s.Selector})
	out.List = slices.DeleteFunc(out.List, func(o PodOwner) bool { return o.Kind == deploymentKind })
	return out
}

// among returns the owners at these positions that are to be kept; it looks at
// MaxCompared of them.
func (x *PodIndex) among(at []int, keep func(PodOwner) bool) Owners {
	var out Owners
	slices.Sort(at)
	at = slices.Compact(at)
	if len(at) > MaxCompared {
		at, out.Unread = at[:MaxCompared], TooMany
	}
	for _, i := range at {
		if keep(x.owners[i]) {
			out.List = append(out.List, x.owners[i])
		}
	}
	return out
}

// TooMany is why not all candidates were compared.
const TooMany = "more of the namespace have such labels than are compared"

func positions(index map[string][]int, pairs []string) []int {
	var out []int
	for _, pair := range pairs {
		out = append(out, index[pair]...)
	}
	return out
}
