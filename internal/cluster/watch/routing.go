package watch

import (
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// routing are the readers of what leads to Services beside HTTPRoutes, and of what lets
// HTTPRoutes refer to them.
type routing struct {
	grants         *reader[pipeline.ReferenceGrant]
	ingresses      *reader[pipeline.Ingress]
	ingressClasses *reader[pipeline.IngressClass]
	// others are the kinds of pipeline.Snapshot.OtherRoutes.
	others []*reader[pipeline.OtherRoute]
}

func newRouting(d deps) *routing {
	gateway := func(resource string, versions ...string) []schema.GroupVersionResource {
		var out []schema.GroupVersionResource
		for _, v := range versions {
			out = append(out, schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: v, Resource: resource})
		}
		return out
	}
	return &routing{
		grants:         newReader(d, convert.ReferenceGrant, gateway("referencegrants", "v1", "v1beta1")...),
		ingresses:      newReader(d, convert.Ingress, networkingv1.SchemeGroupVersion.WithResource("ingresses")),
		ingressClasses: newReader(d, convert.IngressClass, networkingv1.SchemeGroupVersion.WithResource("ingressclasses")),
		others: []*reader[pipeline.OtherRoute]{
			newReader(d, convert.OtherRoute, gateway("grpcroutes", "v1", "v1alpha2")...),
			newReader(d, convert.OtherRoute, gateway("tcproutes", "v1", "v1alpha2")...),
			newReader(d, convert.OtherRoute, gateway("tlsroutes", "v1", "v1alpha3", "v1alpha2")...),
			newReader(d, convert.OtherRoute, schema.GroupVersionResource{
				Group: convert.KongConfigurationGroup, Version: "v1beta1", Resource: "tcpingresses",
			}),
		},
	}
}

func (r *routing) all() []kind {
	out := []kind{r.grants, r.ingresses, r.ingressClasses}
	for _, k := range r.others {
		out = append(out, k)
	}
	return out
}

// into sets what the readers know in a snapshot.
func (r *routing) into(s *pipeline.Snapshot) {
	s.ReferenceGrants = r.grants.set()
	s.Ingresses = r.ingresses.set()
	s.IngressClasses = r.ingressClasses.set()
	s.OtherRoutes = pipeline.KnownSet[pipeline.OtherRoute]()
	for _, k := range r.others {
		set := k.set()
		s.OtherRoutes.Items = append(s.OtherRoutes.Items, set.Items...)
		if set.State != pipeline.Known && set.State != pipeline.NotInstalled {
			s.OtherRoutes.State, s.OtherRoutes.Why = set.State, set.Why
		}
	}
}
