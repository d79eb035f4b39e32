package policy

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The label by which a namespace lets policies enable autoscaling of Deployments that
// do not request it.
const (
	AutoAttachLabel   = annotations.Prefix + "auto-attach"
	AutoAttachEnabled = "enabled"
)

// Policy is one compiled LatencyPolicy. It is immutable, and its results must not be
// changed. A nil Policy stands for the built-in defaults.
type Policy struct {
	name                  string
	priority              int32
	namespaces, workloads labels.Selector

	defaults    v1alpha1.Defaults
	limits      limits
	autoAttach  *resource.Quantity
	profiles    Profiles
	enforcement Enforcement
	conflicts   Action
	places      Places
}

// Object names a LatencyPolicy in findings.
func Object(name string) finding.Object { return finding.Object{Kind: "LatencyPolicy", Name: name} }

// compile makes a policy of p, and says what of it is not in force. The policy
// is nil if its selectors cannot be used.
func compile(p *v1alpha1.LatencyPolicy) (*Policy, []finding.Finding) {
	spec := p.Spec.DeepCopy()
	path := field.NewPath("spec")
	var findings []finding.Finding
	usable := func(s *metav1.LabelSelector, name string) labels.Selector {
		out, err := selector(s, path.Child(name))
		if err != nil {
			findings = append(findings, PolicySelectorInvalid.On(Object(p.Name), "%s", err).At("spec", name))
		}
		return out
	}
	namespaces, workloads := usable(spec.NamespaceSelector, "namespaceSelector"), usable(spec.WorkloadSelector, "workloadSelector")
	if len(findings) > 0 {
		return nil, findings
	}
	out := &Policy{
		name: p.Name, priority: spec.Priority, namespaces: namespaces, workloads: workloads,
		limits: limitsOf(spec.Limits), profiles: profilesOf(spec.Behaviors),
		enforcement: Enforcement{}, conflicts: spec.Conflicts,
	}
	if spec.Defaults != nil {
		out.defaults = *spec.Defaults
	}
	if spec.Pipeline != nil {
		out.places = Places{
			AdapterConfigMap: spec.Pipeline.AdapterConfigMap,
			OperatorService:  spec.Pipeline.OperatorService,
			Prometheus:       spec.Pipeline.Prometheus,
		}
		for _, e := range spec.Pipeline.Enforcement {
			out.enforcement[string(e.Hop)] = e.Action
		}
	}
	invalid := out.contradictions(spec, path)
	if a := spec.AutoAttach; a != nil {
		if text := annotations.FormatTarget(a.TargetMilliseconds); !annotations.ValidTarget(text) {
			invalid = append(invalid, field.Invalid(path.Child("autoAttach", "targetMilliseconds"), text,
				"must be greater than 0 and at most 3600000, with up to 3 decimals; nothing is attached"))
		} else {
			target := out.limits.target.clamp(a.TargetMilliseconds)
			out.autoAttach = &target
		}
	}
	for _, e := range invalid {
		findings = append(findings, PolicyInvalid.On(Object(p.Name), "%s", e.Error()).At(finding.ParsePath(e.Field)))
	}
	return out, findings
}

// contradictions says which parts of the policy do not go together. Most are
// refused by the API server already; files come without one.
func (p *Policy) contradictions(spec *v1alpha1.LatencyPolicySpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, b := range spec.Behaviors {
		if _, builtin := builtinProfile(b.Name); builtin {
			errs = append(errs, field.Invalid(path.Child("behaviors").Index(i).Child("name"), b.Name,
				"is a built-in profile, which holds"))
		}
	}
	defaults, limits := path.Child("defaults"), path.Child("limits")
	if name := p.defaults.Behavior; name != "" {
		if _, ok := p.profile(name); !ok {
			errs = append(errs, field.Invalid(defaults.Child("behavior"), name, "is no profile: known are "+p.profileNames()))
		}
	}
	if b := p.limits.target; b.contradicts() {
		errs = append(errs, field.Invalid(limits.Child("targetMilliseconds"), b.String(), "min is above max, which holds"))
	}
	if b := p.limits.minReplicas; b.contradicts() {
		errs = append(errs, field.Invalid(limits.Child("minReplicas"), b.String(), "min is above what the most replicas may be, which holds"))
	}
	if b := p.limits.maxReplicas; b.contradicts() && !p.limits.minReplicas.contradicts() {
		errs = append(errs, field.Invalid(limits.Child("maxReplicas"), b.String(), "min is above max, which holds"))
	}
	if a := spec.AutoAttach; a != nil && compareQuantities(p.limits.target.clamp(a.TargetMilliseconds), a.TargetMilliseconds) != 0 {
		errs = append(errs, field.Invalid(path.Child("autoAttach", "targetMilliseconds"), annotations.FormatTarget(a.TargetMilliseconds),
			fmt.Sprintf("is outside of limits.targetMilliseconds, %s, which hold", p.limits.target)))
	}
	return errs
}

// selector is ready for use: absent or empty, it selects everything.
func selector(s *metav1.LabelSelector, path *field.Path) (labels.Selector, error) {
	if s == nil {
		return labels.Everything(), nil
	}
	out, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// Name is the LatencyPolicy's name; empty for the built-in defaults.
func (p *Policy) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// Selects reports whether the policy selects a Deployment with the labels workload in a
// namespace with the labels namespace. Another policy may have precedence.
func (p *Policy) Selects(namespace, workload labels.Set) bool {
	return p != nil && p.namespaces.Matches(namespace) && p.workloads.Matches(workload)
}

// selectsAll reports whether there is nothing that the policy does not select.
func (p *Policy) selectsAll() bool { return p.namespaces.Empty() && p.workloads.Empty() }

// Enforcement is the action for each hop that the policy lists.
func (p *Policy) Enforcement() Enforcement {
	if p == nil {
		return nil
	}
	return p.enforcement
}

// Profiles are the behavior profiles of the policy's own.
func (p *Policy) Profiles() Profiles {
	if p == nil {
		return nil
	}
	return p.profiles
}

// Conflicts is what admission does when another autoscaler scales the workload.
func (p *Policy) Conflicts() Action {
	if p == nil || p.conflicts == "" {
		return Deny
	}
	return p.conflicts
}

// AutoAttach returns the target in milliseconds with which the policy enables Deployments
// that do not request autoscaling, in a namespace with these labels; ok is false if it
// does not.
func (p *Policy) AutoAttach(namespace labels.Set) (target resource.Quantity, ok bool) {
	if p == nil || p.autoAttach == nil || namespace[AutoAttachLabel] != AutoAttachEnabled {
		return resource.Quantity{}, false
	}
	return p.autoAttach.DeepCopy(), true
}
