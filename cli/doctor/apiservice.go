package doctor

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
)

// adapterName is how prometheus-adapter's chart and its manifests name it.
const adapterName = "prometheus-adapter"

// isAdapterService reports whether a Service looks like prometheus-adapter's.
func isAdapterService(s *corev1.Service) bool {
	const label = "app.kubernetes.io/name"
	return len(s.Spec.Ports) > 0 &&
		(strings.Contains(s.Name, adapterName) || s.Labels[label] == adapterName || s.Spec.Selector[label] == adapterName)
}

// withAPIService adds to a missing APIService the fix of one for the Service that looks like
// the adapter's, if exactly one does.
func (f Facts) withAPIService(findings []finding.Finding) []finding.Finding {
	i := slices.IndexFunc(findings, func(f finding.Finding) bool { return f.Reason == metricsapi.NotRegistered })
	if i < 0 || len(f.AdapterServices) != 1 {
		return findings
	}
	s := f.AdapterServices[0]
	out := slices.Clone(findings)
	out[i] = out[i].WithFix(finding.Fix{
		Notes:   []string{"As prometheus-adapter's chart registers it. With the chart, set rules.default or\nrules.custom in its values instead, and it does."},
		Objects: []runtime.Object{apiService(&s)},
	})
	return out
}

func apiService(s *corev1.Service) *apiregistration.APIService {
	return &apiregistration.APIService{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiregistration.SchemeGroupVersion.String(), Kind: "APIService"},
		ObjectMeta: metav1.ObjectMeta{Name: "v1beta1.custom.metrics.k8s.io"},
		Spec: apiregistration.APIServiceSpec{
			Group: "custom.metrics.k8s.io", Version: "v1beta1",
			GroupPriorityMinimum: 100, VersionPriority: 100,
			InsecureSkipTLSVerify: true, // the adapter makes its certificate anew at each start
			Service: &apiregistration.ServiceReference{
				Namespace: s.Namespace, Name: s.Name, Port: ptr.To(s.Spec.Ports[0].Port),
			},
		},
	}
}
