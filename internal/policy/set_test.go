package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
)

func named(name string, edits ...func(*v1alpha1.LatencyPolicySpec)) v1alpha1.LatencyPolicy {
	p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, edit := range edits {
		edit(&p.Spec)
	}
	return p
}

func match(pairs ...string) *metav1.LabelSelector {
	s := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		s.MatchLabels[pairs[i]] = pairs[i+1]
	}
	return s
}

func priority(n int32) func(*v1alpha1.LatencyPolicySpec) {
	return func(s *v1alpha1.LatencyPolicySpec) { s.Priority = n }
}

func namespaces(l *metav1.LabelSelector) func(*v1alpha1.LatencyPolicySpec) {
	return func(s *v1alpha1.LatencyPolicySpec) { s.NamespaceSelector = l }
}

func workloads(l *metav1.LabelSelector) func(*v1alpha1.LatencyPolicySpec) {
	return func(s *v1alpha1.LatencyPolicySpec) { s.WorkloadSelector = l }
}

func in(values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "team", Operator: metav1.LabelSelectorOpIn, Values: values}}}
}

var (
	teamA = labels.Set{"team": "a"}
	teamB = labels.Set{"team": "b"}
	web   = labels.Set{"tier": "web"}
)

func TestFor(t *testing.T) {
	tests := map[string]struct {
		list                []v1alpha1.LatencyPolicy
		namespace, workload labels.Set
		want                string
	}{
		"no policy":                         {nil, teamA, web, ""},
		"absent selectors select all":       {[]v1alpha1.LatencyPolicy{named("p")}, nil, nil, "p"},
		"empty selectors select all":        {[]v1alpha1.LatencyPolicy{named("p", namespaces(match()), workloads(match()))}, teamA, web, "p"},
		"namespace matches":                 {[]v1alpha1.LatencyPolicy{named("p", namespaces(match("team", "a")))}, teamA, nil, "p"},
		"namespace does not match":          {[]v1alpha1.LatencyPolicy{named("p", namespaces(match("team", "a")))}, teamB, nil, ""},
		"an expression matches":             {[]v1alpha1.LatencyPolicy{named("p", namespaces(in("b", "c")))}, teamB, nil, "p"},
		"workload matches":                  {[]v1alpha1.LatencyPolicy{named("p", workloads(match("tier", "web")))}, nil, web, "p"},
		"workload does not match":           {[]v1alpha1.LatencyPolicy{named("p", workloads(match("tier", "web")))}, web, nil, ""},
		"both have to match":                {[]v1alpha1.LatencyPolicy{named("p", namespaces(match("team", "a")), workloads(match("tier", "web")))}, teamB, web, ""},
		"the highest priority wins":         {[]v1alpha1.LatencyPolicy{named("a"), named("z", priority(1))}, teamA, nil, "z"},
		"a negative one comes last":         {[]v1alpha1.LatencyPolicy{named("a", priority(-1)), named("z")}, teamA, nil, "z"},
		"then the name":                     {[]v1alpha1.LatencyPolicy{named("b"), named("a"), named("c")}, teamA, nil, "a"},
		"only those that select count":      {[]v1alpha1.LatencyPolicy{named("high", priority(9), namespaces(match("team", "a"))), named("low")}, teamB, nil, "low"},
		"a bad selector selects nothing":    {[]v1alpha1.LatencyPolicy{named("bad", priority(9), namespaces(in())), named("good")}, teamA, nil, "good"},
		"a narrow one does not win by that": {[]v1alpha1.LatencyPolicy{named("b-narrow", namespaces(match("team", "a"))), named("a-wide")}, teamA, nil, "a-wide"},
	}
	for name, tt := range tests {
		if got := Compile(tt.list).For(tt.namespace, tt.workload).Name(); got != tt.want {
			t.Errorf("%s: effective is %q, want %q", name, got, tt.want)
		}
	}
}

func TestChangesMoveWorkloadsToTheNextPolicy(t *testing.T) {
	list := []v1alpha1.LatencyPolicy{named("a", priority(1), namespaces(match("team", "a"))), named("b")}
	both := Compile(list)
	if got := both.For(teamA, nil).Name(); got != "a" {
		t.Fatalf("effective is %q, want a", got)
	}
	if got := both.For(teamB, nil).Name(); got != "b" {
		t.Errorf("after the namespace's labels changed: effective is %q, want b", got)
	}
	if got := Compile(list[1:]).For(teamA, nil).Name(); got != "b" {
		t.Errorf("after the policy was deleted: effective is %q, want b", got)
	}
	if p := Compile(nil).For(teamA, nil); p != nil {
		t.Errorf("after the last was deleted: effective is %q, want the built-in defaults", p.Name())
	}
}

func TestCompileKeepsNothingOfTheList(t *testing.T) {
	list := []v1alpha1.LatencyPolicy{named("p", namespaces(match("team", "a")), func(s *v1alpha1.LatencyPolicySpec) {
		s.Limits = &v1alpha1.Limits{MaxReplicas: &v1alpha1.Int32Range{Max: ptr.To[int32](5)}}
	})}
	s := Compile(list)
	list[0].Spec.NamespaceSelector.MatchLabels["team"] = "b"
	*list[0].Spec.Limits.MaxReplicas.Max = 7
	p := s.For(teamA, nil)
	if p == nil || *p.limits.maxReplicas.max != 5 {
		t.Errorf("the policy changed with the list: %+v", p)
	}
}

func TestNilSetHasNoPolicies(t *testing.T) {
	var s *Set
	if !s.Empty() || s.For(teamA, web) != nil || s.Findings() != nil || s.Problems("p", nil) != nil {
		t.Error("a nil set has something")
	}
}

func said(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.String())
	}
	return out
}

func TestFindings(t *testing.T) {
	edit := func(f func(*v1alpha1.LatencyPolicySpec)) v1alpha1.LatencyPolicy { return named("p", f) }
	q := func(s string) *resource.Quantity { return ptr.To(resource.MustParse(s)) }
	tests := map[string]struct {
		policy v1alpha1.LatencyPolicy
		want   []string // parts of the findings, in their order
	}{
		"good": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.Defaults = &v1alpha1.Defaults{Behavior: "calm"}
			s.Behaviors = []v1alpha1.NamedBehavior{{Name: "calm"}}
			s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: *q("0.5")}
		}), nil},
		"both selectors are bad": {named("p", namespaces(in()), workloads(match("a b", "c"))), []string{
			"PolicySelectorInvalid: LatencyPolicy p: spec.namespaceSelector: ", "PolicySelectorInvalid: LatencyPolicy p: spec.workloadSelector: "}},
		"a built-in profile's name": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.Behaviors = []v1alpha1.NamedBehavior{{Name: "calm"}, {Name: "stable"}}
		}), []string{`PolicyInvalid: LatencyPolicy p: spec.behaviors[1].name: Invalid value: "stable": is a built-in profile, which holds`}},
		"an unknown default profile": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.Defaults = &v1alpha1.Defaults{Behavior: "clam"}
			s.Behaviors = []v1alpha1.NamedBehavior{{Name: "calm"}}
		}), []string{`spec.defaults.behavior: Invalid value: "clam": is no profile: known are steady, responsive, stable and calm`}},
		"a target's range upside down": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.Limits = &v1alpha1.Limits{TargetMilliseconds: &v1alpha1.QuantityRange{Min: q("50"), Max: q("0.5")}}
		}), []string{`spec.limits.targetMilliseconds: Invalid value: "from 50 to 0.5": min is above max, which holds`}},
		"replicas' range upside down": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.Limits = &v1alpha1.Limits{MaxReplicas: &v1alpha1.Int32Range{Min: ptr.To[int32](5), Max: ptr.To[int32](4)}}
		}), []string{`spec.limits.maxReplicas: Invalid value: "from 5 to 4"`}},
		"the least above the most": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.Limits = &v1alpha1.Limits{MinReplicas: &v1alpha1.Int32Range{Min: ptr.To[int32](5)}, MaxReplicas: &v1alpha1.Int32Range{Max: ptr.To[int32](4)}}
		}), []string{`spec.limits.minReplicas: Invalid value: "from 5 to 4": min is above what the most replicas may be, which holds`}},
		"auto-attach outside of its own limits": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.Limits = &v1alpha1.Limits{TargetMilliseconds: &v1alpha1.QuantityRange{Min: q("50")}}
			s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: *q("40")}
		}), []string{`spec.autoAttach.targetMilliseconds: Invalid value: "40": is outside of limits.targetMilliseconds, at least 50, which hold`}},
		"auto-attach at no target": {edit(func(s *v1alpha1.LatencyPolicySpec) {
			s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: *q("0")}
		}), []string{`spec.autoAttach.targetMilliseconds: Invalid value: "0": must be greater than 0`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := said(Compile([]v1alpha1.LatencyPolicy{tt.policy}).Findings())
			if len(got) != len(tt.want) {
				t.Fatalf("found %q, want %q", got, tt.want)
			}
			for i, want := range tt.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("found %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestProblems(t *testing.T) {
	all := []Candidate{{teamA, web}, {teamA, nil}, {teamB, web}}
	narrow := named("narrow", namespaces(match("team", "a")))
	tests := map[string]struct {
		list []v1alpha1.LatencyPolicy // the first is the one whose problems are wanted
		all  []Candidate
		want []string
	}{
		"it rules something":     {[]v1alpha1.LatencyPolicy{narrow}, all, nil},
		"it rules a part":        {[]v1alpha1.LatencyPolicy{narrow, named("top", priority(1), workloads(match("tier", "web")))}, all, nil},
		"it selects nothing":     {[]v1alpha1.LatencyPolicy{named("p", namespaces(match("team", "c")))}, all, []string{"PolicySelectsNothing: LatencyPolicy p: its selectors match none of the existing Deployments (3)"}},
		"nothing to select yet":  {[]v1alpha1.LatencyPolicy{named("p")}, nil, nil},
		"one is above it":        {[]v1alpha1.LatencyPolicy{narrow, named("top", priority(1), namespaces(in("a")))}, all, []string{"PolicyShadowed: LatencyPolicy narrow: it selects 2 Deployments, and all get LatencyPolicy top (priority 1), which comes first"}},
		"several are above it":   {[]v1alpha1.LatencyPolicy{named("p", namespaces(in("a", "b"))), named("t1", priority(2), namespaces(in("a"))), named("t2", priority(1), namespaces(in("b")))}, all, []string{"PolicyShadowed: LatencyPolicy p: it selects 3 Deployments, and all get LatencyPolicy t1 (priority 2) and t2 (priority 1), which comes first"}},
		"one above selects all":  {[]v1alpha1.LatencyPolicy{narrow, named("all", priority(1))}, nil, []string{"PolicyShadowed: LatencyPolicy narrow: LatencyPolicy all (priority 1) comes first and selects everything"}},
		"equal, and by the name": {[]v1alpha1.LatencyPolicy{named("b"), named("a")}, all, []string{"PolicyShadowed: LatencyPolicy b: LatencyPolicy a (priority 0) comes first and selects everything"}},
		"its selector is bad":    {[]v1alpha1.LatencyPolicy{named("p", workloads(in()))}, all, []string{"PolicySelectorInvalid: LatencyPolicy p: spec.workloadSelector: values: Invalid value: null: for 'in', 'notin' operators"}},
		"another's is bad":       {[]v1alpha1.LatencyPolicy{narrow, named("p", workloads(in()))}, all, nil},
	}
	for name, tt := range tests {
		got := said(Compile(tt.list).Problems(tt.list[0].Name, tt.all))
		if len(got) == 1 && len(tt.want) == 1 && strings.HasPrefix(got[0], "PolicySelectorInvalid") {
			got[0] = got[0][:min(len(got[0]), len(tt.want[0]))] // the rest is the library's
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := Compile([]v1alpha1.LatencyPolicy{narrow}).Problems("other", all); got != nil {
		t.Errorf("a policy that is not there has problems: %v", got)
	}
}

func TestAutoAttachKeepsToItsLimits(t *testing.T) {
	enabled := labels.Set{AutoAttachLabel: AutoAttachEnabled}
	attach := func(target, least string) *Policy {
		return Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) {
			s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse(target)}
			s.Limits = &v1alpha1.Limits{TargetMilliseconds: &v1alpha1.QuantityRange{Min: ptr.To(resource.MustParse(least))}}
		})}).For(nil, nil)
	}
	tests := map[string]struct {
		policy    *Policy
		namespace labels.Set
		want      string // "" is not attached
	}{
		"within":        {attach("50", "40"), enabled, "50"},
		"outside":       {attach("40", "50"), enabled, "50"},
		"no label":      {attach("50", "40"), teamA, ""},
		"no target":     {attach("0", "40"), enabled, ""},
		"no policy":     {nil, enabled, ""},
		"no autoAttach": {frame(), enabled, ""},
	}
	for name, tt := range tests {
		target, ok := tt.policy.AutoAttach(tt.namespace)
		if ok != (tt.want != "") || ok && target.String() != tt.want {
			t.Errorf("%s: attached at %s, %v, want %q", name, target.String(), ok, tt.want)
		}
	}
}
