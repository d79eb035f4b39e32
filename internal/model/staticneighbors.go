package model

import "slices"

var _ Neighbors = StaticCatalog{}

// pods is the index of all pod owners, made now unless it was before.
func (c StaticCatalog) pods() *PodIndex {
	if c.Pods != nil {
		return c.Pods
	}
	var owners []PodOwner
	for _, w := range c.Workloads {
		owners = append(owners, w.PodOwner())
	}
	return NewPodIndex(append(owners, c.Owners...))
}

// Indexed returns the catalog with its pod owners indexed, so that a look-up need not read
// all of them.
func (c StaticCatalog) Indexed() StaticCatalog {
	c.Pods = nil
	c.Pods = c.pods()
	return c
}

// OwnersSelectedBy implements Neighbors.
func (c StaticCatalog) OwnersSelectedBy(o PodOwner) Owners {
	return c.pods().SelectedBy(o.Selector)
}

// OwnersSelecting implements Neighbors.
func (c StaticCatalog) OwnersSelecting(podLabels map[string]string) Owners {
	return c.pods().Selecting(podLabels)
}

// OwnersBehind implements Neighbors.
func (c StaticCatalog) OwnersBehind(s Service) Owners { return c.pods().Behind(s) }

// AutoscalersScaling implements Neighbors.
func (c StaticCatalog) AutoscalersScaling(target Ref) []Autoscaler {
	var out []Autoscaler
	for _, a := range c.Autoscalers {
		if a.Scales == target {
			out = append(out, a)
		}
	}
	return SortAutoscalers(out)
}

// HPAsUnread implements Neighbors.
func (c StaticCatalog) HPAsUnread() string { return "" }

// TakeoversOf implements Neighbors.
func (c StaticCatalog) TakeoversOf(deployment string) (list []Takeover, unread string) {
	for _, o := range c.Owners {
		if o.TakesOver != nil && o.TakesOver.Deployment == deployment {
			list = append(list, *o.TakesOver)
		}
	}
	for _, t := range c.Takeovers {
		if t.Deployment == deployment {
			list = append(list, t)
		}
	}
	return list, ""
}

// CPURequestIsDefaulted implements Neighbors.
func (c StaticCatalog) CPURequestIsDefaulted() (is bool, unread string) {
	return slices.ContainsFunc(c.CPUDefaults, func(d CPUDefault) bool { return d.Sets }), ""
}
