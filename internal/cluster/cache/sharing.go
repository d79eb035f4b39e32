package cache

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
)

const (
	// fieldIndex is how controller-runtime begins the names of field indexes.
	fieldIndex = "field:"
	// firstPrefix before the name of an index gives only the first objects, by name, so
	// that a label that all objects of a namespace have does not make each look-up read all
	// of them. Beyond model.MaxCompared there is one more, which shows that there are more.
	firstPrefix = "first/"
	// unanchored is in indexPodSelector the value of selectors that name no value, and
	// everything in the one by namespace that of all Deployments.
	unanchored = "*"
	everything = "*"
)

// First is the name by which the first objects of an index are found; see firstPrefix.
func First(index string) string { return firstPrefix + index }

// first is the first objects of an index, by name.
func (i unpackingIndexer) first(index, value string) ([]any, error) {
	name := fieldIndex + index
	if index == toolscache.NamespaceIndex {
		name, value = index, value[:max(0, len(value)-len("/"+everything))]
	}
	all, err := i.Indexer.ByIndex(name, value)
	if err != nil {
		return nil, err
	}
	if len(all) > model.MaxCompared+1 {
		slices.SortFunc(all, func(a, b any) int { return cmp.Compare(nameOf(a), nameOf(b)) })
		all = all[:model.MaxCompared+1]
	}
	return i.list(all)
}

func nameOf(o any) string {
	if p, ok := o.(*packed); ok {
		return p.name
	}
	return ""
}

// podSelectorValues are the values of a Deployment in indexPodSelector.
func podSelectorValues(o client.Object) []string {
	d := o.(*appsv1.Deployment)
	if alternatives := model.Anchors(d.Spec.Selector, d.Name); len(alternatives) > 0 {
		return alternatives[0]
	}
	return []string{unanchored}
}

// OwnersSelectedBy implements model.Neighbors.
func (c *Catalog) OwnersSelectedBy(o model.PodOwner) model.Owners {
	matches := model.Matcher(o.Selector)
	keep := func(d *appsv1.Deployment) bool { return matches(d.Spec.Template.Labels) }
	alternatives := model.Anchors(o.Selector, o.Name)
	var out model.Owners
	if len(alternatives) == 0 && o.Selector != nil {
		out = c.first(toolscache.NamespaceIndex, []string{everything}, keep)
	}
	for _, pairs := range alternatives {
		if out = c.first(indexPodLabels, pairs, keep); out.Unread == "" {
			break // the first one that few pods have
		}
	}
	return joined(out, c.neighbors.selectedBy(c.namespace, o))
}

// OwnersSelecting implements model.Neighbors.
func (c *Catalog) OwnersSelecting(podLabels map[string]string) model.Owners {
	out := c.first(indexPodSelector, append(pairs(podLabels), unanchored), func(d *appsv1.Deployment) bool {
		return model.Matches(d.Spec.Selector, podLabels)
	})
	return joined(out, c.neighbors.selecting(c.namespace, podLabels))
}

// OwnersBehind implements model.Neighbors.
func (c *Catalog) OwnersBehind(s model.Service) model.Owners {
	return c.neighbors.behind(c.namespace, s)
}

// AutoscalersScaling implements model.Neighbors.
func (c *Catalog) AutoscalersScaling(target model.Ref) []model.Autoscaler {
	var list autoscalingv2.HorizontalPodAutoscalerList
	c.list(&list, indexScales, targetValue(target))
	more, _ := c.neighbors.Scaling(c.namespace, target)
	out := slices.Clone(more)
	for i := range list.Items {
		out = append(out, convert.Autoscaler(&list.Items[i]))
	}
	return model.SortAutoscalers(out)
}

// HPAsUnread implements model.Neighbors.
func (c *Catalog) HPAsUnread() string { return "" }

// TakeoversOf implements model.Neighbors.
func (c *Catalog) TakeoversOf(deployment string) (list []model.Takeover, unread string) {
	return c.neighbors.Takeovers(c.namespace, deployment)
}

// CPURequestIsDefaulted implements model.Neighbors.
func (c *Catalog) CPURequestIsDefaulted() (is bool, unread string) {
	return c.neighbors.CPURequestIsDefaulted(c.namespace)
}

// first returns the Deployments under the values of an index that are to be kept, as far
// as they are among the first of their value.
func (c *Catalog) first(index string, values []string, keep func(*appsv1.Deployment) bool) model.Owners {
	var out model.Owners
	seen := map[string]bool{}
	for _, value := range values {
		var list appsv1.DeploymentList
		c.list(&list, First(index), value)
		if len(list.Items) > model.MaxCompared {
			out.Unread = model.TooMany
		}
		for i := range list.Items {
			d := &list.Items[i]
			if !seen[d.Name] && keep(d) {
				seen[d.Name] = true
				out.List = append(out.List, convert.Workload(d).PodOwner())
			}
		}
	}
	return out
}

// joined is the owners of both, sorted.
func joined(a, b model.Owners) model.Owners {
	return model.Owners{List: model.SortOwners(slices.Concat(a.List, b.List)), Unread: cmp.Or(a.Unread, b.Unread)}
}

func (n *Neighbors) selectedBy(namespace string, o model.PodOwner) model.Owners {
	return n.Owners(namespace, func(x *model.PodIndex) model.Owners { return x.SelectedBy(o.Selector) })
}

func (n *Neighbors) selecting(namespace string, podLabels map[string]string) model.Owners {
	return n.Owners(namespace, func(x *model.PodIndex) model.Owners { return x.Selecting(podLabels) })
}

func (n *Neighbors) behind(namespace string, s model.Service) model.Owners {
	return n.Owners(namespace, func(x *model.PodIndex) model.Owners { return x.Behind(s) })
}
