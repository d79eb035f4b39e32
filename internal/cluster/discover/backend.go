package discover

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// maxAliases bounds the Services of type ExternalName that are followed one after the
// other, which may go in a circle.
const maxAliases = 4

// Backend looks up the Service that a URL names, through its aliases; a URL that names
// none results in the zero value. Services are read by get, whose error says whether there
// is none of a name.
func Backend(address, namespace string, get func(types.NamespacedName) (*corev1.Service, error)) pipeline.Backend {
	host, ok := pipeline.ServiceHostOf(address, namespace)
	if !ok {
		return pipeline.Backend{}
	}
	out := pipeline.Backend{State: pipeline.Known}
	for range maxAliases {
		out.Service = host.Service
		s, err := get(host.Service)
		switch {
		case apierrors.IsNotFound(err):
			return out
		case err != nil:
			return pipeline.Backend{State: pipeline.Unreadable, Why: Unreadable("Service "+host.Service.String(), err)}
		}
		out.Found = true
		if s.Spec.Type != corev1.ServiceTypeExternalName {
			out.Selector = s.Spec.Selector
			return out
		}
		out.External = s.Spec.ExternalName
		next, ok := pipeline.ServiceHostNamed(s.Spec.ExternalName, "")
		if !ok || next.Pod != "" {
			return out
		}
		host, out.Found, out.External = next, false, ""
	}
	return pipeline.Backend{State: pipeline.Unreadable, Why: fmt.Sprintf("Service %s is an alias of an alias", host.Service)}
}

// backend is Backend by the Services of the cluster.
func (a *AdapterReader) backend(ctx context.Context, p Process) pipeline.Backend {
	return Backend(p.PrometheusURL, p.Owner.Namespace, func(name types.NamespacedName) (*corev1.Service, error) {
		var s corev1.Service
		return &s, a.services.Get(ctx, name, &s)
	})
}
