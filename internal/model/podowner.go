package model

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// The kinds of pod owners beside Deployments, as a Ref has them: with the group if it is
// not one of Kubernetes' own.
const (
	KindStatefulSet    = "StatefulSet"
	KindReplicaSet     = "ReplicaSet"
	KindDaemonSet      = "DaemonSet"
	KindRollout        = "Rollout.argoproj.io"
	KindKnativeService = "Service.serving.knative.dev"
	KindCanary         = "Canary.flagger.app"
)

// PodOwner is an object that creates pods from a template: a Deployment, or another one
// of its namespace.
type PodOwner struct {
	// Kind is as in a Ref.
	Kind      string
	Namespace string
	Name      string
	// Deleting is true once it is marked for deletion.
	Deleting bool
	// Selector is its spec.selector. It selects no pod if it is nil or empty.
	Selector *metav1.LabelSelector
	// PodLabels are the labels of its pod template.
	PodLabels map[string]string
	// TakesOver is the Deployment that a Rollout refers to instead of a template of its
	// own; nil otherwise.
	TakesOver *Takeover
}

// Takeover is an object by which another controller runs the pods of a Deployment and
// sets its replicas.
type Takeover struct {
	// Kind is as in a Ref.
	Kind      string
	Namespace string
	Name      string
	// Deployment is the name of the Deployment.
	Deployment string
	// ScaleDown is spec.workloadRef.scaleDown of a Rollout.
	ScaleDown string
}

// CPUDefault is whether a LimitRange gives a CPU request to containers that have none.
type CPUDefault struct {
	Namespace string
	Name      string
	Sets      bool
}

// PodOwner is the Deployment as a pod owner.
func (w Workload) PodOwner() PodOwner {
	return PodOwner{
		Kind: deploymentKind, Namespace: w.Namespace, Name: w.Name, Deleting: w.Deleting,
		Selector: w.Selector, PodLabels: w.PodLabels,
	}
}

// Ref names it as the target of an autoscaler.
func (o PodOwner) Ref() Ref { return Ref{Kind: o.Kind, Name: o.Name} }

// Object names it in findings.
func (o PodOwner) Object() finding.Object {
	return finding.Object{Kind: PlainKind(o.Kind), Namespace: o.Namespace, Name: o.Name}
}

// SelectsPods reports whether its selector matches pods with these labels.
func (o PodOwner) SelectsPods(podLabels map[string]string) bool {
	return Matches(o.Selector, podLabels)
}

// PlainKind is a kind as people write it: without the group, except that a Service of
// Knative is called one.
func PlainKind(kind string) string {
	if kind == KindKnativeService {
		return "Knative Service"
	}
	plain, _, _ := strings.Cut(kind, ".")
	return plain
}

// Matches reports whether a label selector of an object with pods matches these labels.
func Matches(s *metav1.LabelSelector, podLabels map[string]string) bool {
	return Matcher(s)(podLabels)
}

// Matcher returns the predicate of a label selector of an object with pods. One that is
// nil, empty or invalid matches nothing: the API server accepts none.
func Matcher(s *metav1.LabelSelector) func(podLabels map[string]string) bool {
	if s == nil || len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0 {
		return func(map[string]string) bool { return false }
	}
	more := labels.Everything()
	if len(s.MatchExpressions) > 0 {
		compiled, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: s.MatchExpressions})
		if err != nil {
			return func(map[string]string) bool { return false }
		}
		more = compiled
	}
	return func(podLabels map[string]string) bool {
		for k, v := range s.MatchLabels {
			if got, ok := podLabels[k]; !ok || got != v {
				return false
			}
		}
		return more.Matches(labels.Set(podLabels))
	}
}

// Pairs are labels as "key=value".
func Pairs(all map[string]string) []string {
	out := make([]string, 0, len(all))
	for k, v := range all {
		out = append(out, k+"="+v)
	}
	return out
}

// Anchors are alternatives of pairs such that pods that the selector matches have at
// least one pair of each alternative, the most distinctive one first: it is what few
// objects are likely to have, so that an index by it has short lists. There are none for
// a selector that names no value. name is that of the object with the selector.
func Anchors(s *metav1.LabelSelector, name string) [][]string {
	if s == nil {
		return nil
	}
	keys := make([]string, 0, len(s.MatchLabels))
	for k := range s.MatchLabels {
		keys = append(keys, k)
	}
	// Within a namespace the name is unique, and so is a value that is like it. A release
	// of many charts is what names begin with.
	rank := func(value string) int {
		switch {
		case value == "":
			return 4
		case value == name:
			return 0
		case strings.HasSuffix(name, value):
			return 1
		case strings.Contains(name, value):
			return 2
		default:
			return 3
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		va, vb := s.MatchLabels[a], s.MatchLabels[b]
		return cmp.Or(cmp.Compare(rank(va), rank(vb)), cmp.Compare(len(vb), len(va)), cmp.Compare(a, b))
	})
	var out [][]string
	for _, k := range keys {
		out = append(out, []string{k + "=" + s.MatchLabels[k]})
	}
	for _, e := range s.MatchExpressions {
		if e.Operator != metav1.LabelSelectorOpIn || len(e.Values) == 0 {
			continue
		}
		var any []string
		for _, v := range e.Values {
			any = append(any, e.Key+"="+v)
		}
		out = append(out, any)
	}
	return out
}

// Owners are pod owners, sorted by kind and name.
type Owners struct {
	List []PodOwner
	// Unread says why there may be more; it is empty if there are not.
	Unread string
}

// Neighbors looks up what else in a namespace has to do with the pods and the replicas of
// a workload.
type Neighbors interface {
	// OwnersSelectedBy returns the pod owners whose pods the selector of o matches, o
	// itself among them.
	OwnersSelectedBy(o PodOwner) Owners
	// OwnersSelecting returns the pod owners whose selector matches pods with these labels.
	OwnersSelecting(podLabels map[string]string) Owners
	// OwnersBehind returns the pod owners, other than Deployments, whose pods a Service
	// selects.
	OwnersBehind(s Service) Owners
	// AutoscalersScaling returns the autoscalers that scale an object, of any kind.
	AutoscalersScaling(target Ref) []Autoscaler
	// HPAsUnread says why HorizontalPodAutoscalers are not known; it is empty if they are.
	HPAsUnread() string
	// TakeoversOf returns by what other controllers run the pods of a Deployment; unread
	// says why that is not known.
	TakeoversOf(deployment string) (list []Takeover, unread string)
	// CPURequestIsDefaulted reports whether containers get a CPU request from a LimitRange;
	// unread says why that is not known.
	CPURequestIsDefaulted() (is bool, unread string)
}

// SortOwners sorts by kind and name, in place.
func SortOwners(list []PodOwner) []PodOwner {
	slices.SortFunc(list, func(a, b PodOwner) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return list
}
