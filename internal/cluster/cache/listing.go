package cache

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/model"
)

// Listing is the objects that plans are resolved from, read once, of one namespace or of
// all.
type Listing struct {
	Deployments []appsv1.Deployment
	Services    []corev1.Service
	HPAs        []autoscalingv2.HorizontalPodAutoscaler
	// HPAsUnread says why HPAs are not known; it is empty if they are.
	HPAsUnread string
}

// List reads a namespace, or all if it is empty. HorizontalPodAutoscalers that may not be
// listed are unread; every other failure is an error.
func List(ctx context.Context, from client.Reader, namespace string) (*Listing, error) {
	var deployments appsv1.DeploymentList
	var services corev1.ServiceList
	var hpas autoscalingv2.HorizontalPodAutoscalerList
	if err := from.List(ctx, &deployments, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	if err := from.List(ctx, &services, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("list Services: %w", err)
	}
	out := &Listing{Deployments: deployments.Items, Services: services.Items}
	switch err := from.List(ctx, &hpas, client.InNamespace(namespace)); {
	case err == nil:
		out.HPAs = hpas.Items
	case apierrors.IsForbidden(err):
		out.HPAsUnread = discover.Unreadable("HorizontalPodAutoscalers", err)
	default:
		return nil, fmt.Errorf("list HorizontalPodAutoscalers: %w", err)
	}
	return out, nil
}

// Catalog returns the catalog of one namespace, with the existing Neighbors; nil means
// that there are none.
func (l *Listing) Catalog(namespace string, n *Neighbors) model.Catalog {
	c := listed{neighbors: n, namespace: namespace, unread: l.HPAsUnread}
	for i := range l.Deployments {
		if d := &l.Deployments[i]; d.Namespace == namespace {
			c.Workloads = append(c.Workloads, convert.Workload(d))
		}
	}
	for i := range l.Services {
		if s := &l.Services[i]; s.Namespace == namespace {
			c.Services = append(c.Services, convert.Service(s))
		}
	}
	for i := range l.HPAs {
		if h := &l.HPAs[i]; h.Namespace == namespace {
			c.Autoscalers = append(c.Autoscalers, convert.Autoscaler(h))
		}
	}
	c.StaticCatalog = c.Indexed()
	return c
}

// listed is a set of objects, to which Neighbors and what is not known are added.
type listed struct {
	model.StaticCatalog
	neighbors *Neighbors
	namespace string
	unread    string
}

// AutoscalersOf implements model.Autoscalers.
func (c listed) AutoscalersOf(deployment string) (list []model.Autoscaler, unread string) {
	list, _ = c.StaticCatalog.AutoscalersOf(deployment)
	more, unread := c.neighbors.Scaling(c.namespace, model.Ref{Kind: deploymentKind, Name: deployment})
	if c.unread != "" {
		unread = c.unread
	}
	return model.SortAutoscalers(append(list, more...)), unread
}

// OwnersSelectedBy implements model.Neighbors.
func (c listed) OwnersSelectedBy(o model.PodOwner) model.Owners {
	return joined(c.StaticCatalog.OwnersSelectedBy(o), c.neighbors.selectedBy(c.namespace, o))
}

// OwnersSelecting implements model.Neighbors.
func (c listed) OwnersSelecting(podLabels map[string]string) model.Owners {
	return joined(c.StaticCatalog.OwnersSelecting(podLabels), c.neighbors.selecting(c.namespace, podLabels))
}

// OwnersBehind implements model.Neighbors.
func (c listed) OwnersBehind(s model.Service) model.Owners { return c.neighbors.behind(c.namespace, s) }

// AutoscalersScaling implements model.Neighbors.
func (c listed) AutoscalersScaling(target model.Ref) []model.Autoscaler {
	more, _ := c.neighbors.Scaling(c.namespace, target)
	return model.SortAutoscalers(append(c.StaticCatalog.AutoscalersScaling(target), more...))
}

// HPAsUnread implements model.Neighbors.
func (c listed) HPAsUnread() string { return c.unread }

// TakeoversOf implements model.Neighbors.
func (c listed) TakeoversOf(deployment string) (list []model.Takeover, unread string) {
	return c.neighbors.Takeovers(c.namespace, deployment)
}

// CPURequestIsDefaulted implements model.Neighbors.
func (c listed) CPURequestIsDefaulted() (is bool, unread string) {
	return c.neighbors.CPURequestIsDefaulted(c.namespace)
}
