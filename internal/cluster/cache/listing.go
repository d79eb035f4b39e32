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

// Catalog returns the catalog of one namespace, with the existing ScaledObjects; nil
// means that there are none.
func (l *Listing) Catalog(namespace string, scaled *ScaledObjects) model.Catalog {
	c := listed{scaled: scaled, namespace: namespace, unread: l.HPAsUnread}
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
	return c
}

// listed is a set of objects, to which ScaledObjects and what is not known are added.
type listed struct {
	model.StaticCatalog
	scaled    *ScaledObjects
	namespace string
	unread    string
}

// AutoscalersOf implements model.Autoscalers.
func (c listed) AutoscalersOf(deployment string) (list []model.Autoscaler, unread string) {
	list, _ = c.StaticCatalog.AutoscalersOf(deployment)
	more, unread := c.scaled.Of(c.namespace, deployment)
	if c.unread != "" {
		unread = c.unread
	}
	return model.SortAutoscalers(append(list, more...)), unread
}
