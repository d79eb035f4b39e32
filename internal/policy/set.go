package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// Set is all policies of a cluster. It is immutable; a nil Set is empty.
type Set struct {
	// policies are those that select anything: the highest priority first, equal ones by name.
	policies []*Policy
	findings []finding.Finding
}

// Compile returns a set of policies. One with an invalid selector selects nothing, and
// the contradictory parts of one are ignored; Findings reports both. The list is not
// retained.
func Compile(list []v1alpha1.LatencyPolicy) *Set {
	s := &Set{}
	for i := range list {
		p, findings := compile(&list[i])
		if p != nil {
			s.policies = append(s.policies, p)
		}
		s.findings = append(s.findings, findings...)
	}
	slices.SortFunc(s.policies, func(a, b *Policy) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.name, b.name))
	})
	finding.Sort(s.findings)
	return s
}

// Findings returns why policies are not in force as they are written, sorted.
func (s *Set) Findings() []finding.Finding {
	if s == nil {
		return nil
	}
	return slices.Clone(s.findings)
}

// Empty reports whether no policy can apply to anything, so that labels do not matter.
func (s *Set) Empty() bool { return s == nil || len(s.policies) == 0 }

// For returns the policy that applies to a Deployment with the labels workload in a
// namespace with the labels namespace: of the policies that select it the one with the
// highest priority, or of several the first by name. Policies are never merged. It
// returns nil, which stands for the built-in defaults, if none selects it.
func (s *Set) For(namespace, workload labels.Set) *Policy {
	if s == nil {
		return nil
	}
	for _, p := range s.policies {
		if p.Selects(namespace, workload) {
			return p
		}
	}
	return nil
}

// Selecting returns the names of all policies that select a Deployment with the labels
// workload in a namespace with the labels namespace, in the order of precedence. Only the
// first is effective.
func (s *Set) Selecting(namespace, workload labels.Set) []string {
	if s == nil {
		return nil
	}
	var out []string
	for _, p := range s.policies {
		if p.Selects(namespace, workload) {
			out = append(out, p.name)
		}
	}
	return out
}

// Candidate is what selectors match of a Deployment.
type Candidate struct {
	// Namespace are the labels of its namespace.
	Namespace labels.Set
	// Workload are the Deployment's own labels.
	Workload labels.Set
}

// Problems returns the findings about one policy of the set: about the policy alone, and
// about its effect, given the other policies and all Deployments.
func (s *Set) Problems(name string, all []Candidate) []finding.Finding {
	if s == nil {
		return nil
	}
	var out []finding.Finding
	for _, f := range s.findings {
		if f.Object == Object(name) {
			out = append(out, f)
		}
	}
	i := slices.IndexFunc(s.policies, func(p *Policy) bool { return p.name == name })
	if i < 0 {
		return out
	}
	if f := s.effect(i, all); f != nil {
		out = append(out, *f)
	}
	finding.Sort(out)
	return out
}

// effect says why the policy at index i has none, if it has none.
func (s *Set) effect(i int, all []Candidate) *finding.Finding {
	p := s.policies[i]
	for _, above := range s.policies[:i] {
		if above.selectsAll() {
			f := PolicyShadowed.On(Object(p.name), "LatencyPolicy %s comes first and selects everything", above.describe())
			return &f
		}
	}
	selected, rulers := 0, map[*Policy]bool{}
	for _, c := range all {
		if p.Selects(c.Namespace, c.Workload) {
			selected++
			rulers[s.For(c.Namespace, c.Workload)] = true
		}
	}
	switch {
	case rulers[p]:
		return nil
	case selected > 0:
		var names []string
		for _, above := range s.policies[:i] { // in their order
			if rulers[above] {
				names = append(names, above.describe())
			}
		}
		f := PolicyShadowed.On(Object(p.name), "it selects %s, and all get LatencyPolicy %s, which comes first",
			deployments(selected), join(names))
		return &f
	case p.selectsAll():
		return nil // there is nothing to select yet
	default:
		f := PolicySelectsNothing.On(Object(p.name), "its selectors match none of the existing Deployments (%d)", len(all))
		return &f
	}
}

func (p *Policy) describe() string { return fmt.Sprintf("%s (priority %d)", p.name, p.priority) }

func deployments(n int) string {
	if n == 1 {
		return "1 Deployment"
	}
	return fmt.Sprintf("%d Deployments", n)
}

// join lists names as people write them.
func join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}
