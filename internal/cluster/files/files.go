// Package files builds a cluster from manifests, for render and lint, without an API
// server. New makes a Cluster of objects, whose Snapshot is evaluated like that of a real
// one, and Admit decides about its workloads as the webhook would. The objects come from
// package manifests, which records the file and line of each field.
package files

import (
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Cluster is the state that a set of manifests describes.
type Cluster struct {
	// Objects are all objects.
	Objects []manifests.Object
	// Workloads and Services are the Deployments and Services among them, in their order,
	// without those that are Partial.
	Workloads []model.Workload
	Services  []model.Service
	// Autoscalers are the HorizontalPodAutoscalers, and the autoscalers of other products.
	Autoscalers []model.Autoscaler
	// Owners are what else owns pods, Takeovers what else runs those of Deployments, and
	// CPUDefaults the LimitRanges.
	Owners      []model.PodOwner
	Takeovers   []model.Takeover
	CPUDefaults []model.CPUDefault
	// Policies are the LatencyPolicies among the objects.
	Policies plan.PolicySet
	// Snapshot contains the objects of the metric pipeline.
	Snapshot *pipeline.Snapshot

	evaluator *pipeline.Evaluator
	policies  []v1alpha1.LatencyPolicy
	catalogs  map[string]model.StaticCatalog
}

// New returns a cluster of objects. If there is an error, which names the objects that
// could not be decoded, the cluster contains the others.
func New(objects []manifests.Object) (*Cluster, error) {
	c := &Cluster{Objects: objects}
	var errs []error
	for _, o := range objects {
		if err := c.add(o); err != nil {
			errs = append(errs, notOfItsKind(o, err))
		}
	}
	c.catalogs = c.sorted()
	set := policy.Compile(c.policies)
	c.Policies = plan.PolicySet{Set: set, Namespace: c.namespace}
	plain := make([]*unstructured.Unstructured, len(objects))
	for i, o := range objects {
		plain[i] = o.Unstructured
	}
	snapshot, failed := newContents(plain, set.Places()).snapshot()
	c.Snapshot, c.evaluator = snapshot, pipeline.NewEvaluator(snapshot)
	for _, f := range failed {
		i := slices.Index(plain, f.Object)
		errs = append(errs, notOfItsKind(objects[i], f.Err))
	}
	return c, errors.Join(errs...)
}

func notOfItsKind(o manifests.Object, err error) error {
	at, _ := o.Position("kind")
	return fmt.Errorf("%s: %s is not what its kind says: %w", at, Name(o), err)
}

// Name names an object in findings.
func Name(o manifests.Object) finding.Object {
	return finding.Object{Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

func (c *Cluster) add(o manifests.Object) error {
	switch {
	case Is(o, "apps", "Deployment"):
		var d appsv1.Deployment
		if err := decode(o, &d); err != nil {
			return err
		}
		if !Partial(o) {
			c.Workloads = append(c.Workloads, convert.Workload(&d))
		}
	case Is(o, "", "Service"):
		var s corev1.Service
		if err := decode(o, &s); err != nil {
			return err
		}
		if !Partial(o) {
			c.Services = append(c.Services, convert.Service(&s))
		}
	case Is(o, v1alpha1.GroupVersion.Group, "LatencyPolicy"):
		var p v1alpha1.LatencyPolicy
		if err := decode(o, &p); err != nil {
			return err
		}
		c.policies = append(c.policies, p)
	default:
		a, ok, err := autoscalerIn(o.Unstructured)
		if err != nil {
			return err
		}
		if ok {
			c.Autoscalers = append(c.Autoscalers, a)
			return nil
		}
		return c.addNeighbor(o.Unstructured)
	}
	return nil
}

func decode(o manifests.Object, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into)
}

// Is reports whether an object is of a kind, in any version.
func Is(o manifests.Object, group, kind string) bool {
	gvk := o.GroupVersionKind()
	return gvk.Group == group && gvk.Kind == kind
}

// Partial reports whether a Deployment or Service is only a patch, as in an overlay of
// kustomize: fields that the API requires are absent.
func Partial(o manifests.Object) bool {
	required := []string{"spec", "ports"}
	if o.GetKind() == "Deployment" {
		required = []string{"spec", "template", "spec", "containers"}
	}
	list, found, err := unstructured.NestedSlice(o.Object, required...)
	if found && err == nil && len(list) > 0 {
		return false
	}
	// A Service without ports may be headless, or an external name.
	if o.GetKind() == "Service" {
		selector, _, _ := unstructured.NestedMap(o.Object, "spec", "selector")
		external, _, _ := unstructured.NestedString(o.Object, "spec", "externalName")
		return len(selector) == 0 && external == ""
	}
	return true
}

// Catalog returns the catalog of one namespace. Of objects with the same name the last
// one counts, as when they are applied.
func (c *Cluster) Catalog(namespace string) model.StaticCatalog { return c.catalogs[namespace] }

// sorted is the objects by their namespaces.
func (c *Cluster) sorted() map[string]model.StaticCatalog {
	out := map[string]model.StaticCatalog{}
	seen := map[finding.Object]bool{}
	for _, w := range slices.Backward(c.Workloads) {
		if set := out[w.Namespace]; !seen[w.Object()] {
			seen[w.Object()] = true
			set.Workloads = append(set.Workloads, w)
			out[w.Namespace] = set
		}
	}
	for _, s := range slices.Backward(c.Services) {
		if set := out[s.Namespace]; !seen[s.Object()] {
			seen[s.Object()] = true
			set.Services = append(set.Services, s)
			out[s.Namespace] = set
		}
	}
	for _, a := range slices.Backward(c.Autoscalers) {
		if set := out[a.Namespace]; !seen[a.Object()] {
			seen[a.Object()] = true
			set.Autoscalers = append(set.Autoscalers, a)
			out[a.Namespace] = set
		}
	}
	c.sortNeighbors(out)
	for namespace, set := range out {
		out[namespace] = set.Indexed()
	}
	return out
}

// namespace returns the labels of a namespace. One that is not in the files is
// known by its name, unless a policy chooses namespaces by other labels.
func (c *Cluster) namespace(name string) (map[string]string, bool) {
	byName := map[string]string{corev1.LabelMetadataName: name}
	for _, o := range slices.Backward(c.Objects) {
		if Is(o, "", "Namespace") && o.GetName() == name {
			return labels.Merge(o.GetLabels(), byName), true
		}
	}
	for _, p := range c.policies {
		selector := p.Spec.NamespaceSelector
		if selector == nil {
			continue
		}
		for key := range selector.MatchLabels {
			if key != corev1.LabelMetadataName {
				return nil, false
			}
		}
		for _, e := range selector.MatchExpressions {
			if e.Key != corev1.LabelMetadataName {
				return nil, false
			}
		}
	}
	return byName, true
}
