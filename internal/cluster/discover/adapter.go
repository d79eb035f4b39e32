// Package discover finds the components of the metric pipeline that have no fixed name:
// Kong Operator's metrics Service, by its labels, and prometheus-adapter, behind the
// custom metrics API. Of the adapter it reads the arguments of its pods and the ConfigMap
// of its configuration. What cannot be found or read is Unreadable with the reason; it is
// never an error.
package discover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// The adapter's pods and its ConfigMap are read one by one, on the interval.
// Watching them would need a cache of, and the right to list, objects that are not
// the product's business. Kubernetes cannot restrict the right to list pods to names. ConfigMaps
// may be read by two names only, those that prometheus-adapter's chart and
// kube-prometheus give theirs; under another name a Role in the adapter's namespace
// is needed (docs/install.md).
//
// +kubebuilder:rbac:groups="",resources=pods,verbs=list
// +kubebuilder:rbac:groups="",resources=configmaps,resourceNames=prometheus-adapter;adapter-config,verbs=get

// DefaultKey is the key that prometheus-adapter's chart writes.
const DefaultKey = "config.yaml"

// AdapterReader finds and reads the configuration of the prometheus-adapter
// behind the custom metrics API.
type AdapterReader struct {
	services, direct client.Reader
	parser           configParser

	// kept is the ConfigMap as it was last read.
	kept *corev1.ConfigMap
}

// NewAdapterReader returns a reader. It reads Services through services, which may be a
// cache, and everything else from the API server, through direct.
func NewAdapterReader(services, direct client.Reader, resources discovery.DiscoveryInterfaceWithContext) *AdapterReader {
	return &AdapterReader{services: services, direct: direct, parser: configParser{discover: discoverer(resources)}}
}

// Read finds the adapter's configuration as it is now: in the ConfigMap that is
// named, or else, if the name is empty, through the custom metrics API.
func (a *AdapterReader) Read(ctx context.Context, named ConfigMapKey, api pipeline.MetricsAPI, now time.Time) pipeline.Adapter {
	running, findErr := a.find(ctx, api)
	var out pipeline.Adapter
	if len(running) > 0 {
		newest := running[len(running)-1]
		out.Deployment, out.PrometheusURL = newest.Owner, newest.PrometheusURL
		out.Backend = a.backend(ctx, newest)
	}
	at, err := locate(named, running, findErr)
	if err != nil {
		out.State, out.Why = pipeline.Unreadable, err.Error()
		if errors.Is(err, errNoAPI) {
			out.State = pipeline.NotInstalled
		}
		return out
	}
	out.ConfigMap, out.Key = at.Object(), at.Key
	cm, err := a.configMap(ctx, at.Name)
	if err != nil {
		out.State, out.Why = pipeline.Unreadable, Unreadable(out.ConfigMap.String(), err)
		return out
	}
	text, ok := Content(cm, at.Key)
	if !ok {
		out.State, out.Why = pipeline.Unreadable, fmt.Sprintf("%s has no key %s", out.ConfigMap, at.Key)
		return out
	}
	parsed, err := a.parser.parse(ctx, text, now)
	if err != nil {
		out.State, out.Why = pipeline.Unreadable, err.Error()
		return out
	}
	if large := adapterconfig.TooLarge(parsed.err); large != nil {
		out.State, out.Why = pipeline.Unreadable, large.Error()
		return out
	}
	out.State = pipeline.Known
	out.Document = text
	out.Config, out.ParseError = parsed.checked(running)
	out.HelmRelease = HelmRelease(cm)
	out.Pending = pending(cm, running)
	return out
}

// errNoAPI is why there is no adapter to look for.
var errNoAPI = errors.New("no custom metrics API is registered, so no adapter is behind it")

// find lists the adapter's processes through the APIService and its Service. The
// error is a clause to show to users.
func (a *AdapterReader) find(ctx context.Context, api pipeline.MetricsAPI) ([]Process, error) {
	switch {
	case api.State == pipeline.Known && !api.Registered:
		return nil, errNoAPI
	case api.State != pipeline.Known:
		return nil, fmt.Errorf("%s could not be read: %s", api.Object(), api.Why)
	case api.ServiceName == "":
		return nil, fmt.Errorf("%s has no Service", api.Object())
	}
	name := types.NamespacedName{Namespace: api.ServiceNamespace, Name: api.ServiceName}
	var service corev1.Service
	if err := a.services.Get(ctx, name, &service); err != nil {
		return nil, errors.New(Unreadable("Service "+name.String()+" of the custom metrics API", err))
	}
	if len(service.Spec.Selector) == 0 {
		return nil, fmt.Errorf("the Service %s of the custom metrics API selects no pods, so the adapter's are unknown", name)
	}
	var pods corev1.PodList
	err := a.direct.List(ctx, &pods, client.InNamespace(name.Namespace), client.MatchingLabels(service.Spec.Selector))
	if err != nil {
		return nil, errors.New(Unreadable("the pods of Service "+name.String(), err))
	}
	running := processes(pods.Items)
	if len(running) == 0 {
		return nil, fmt.Errorf("the Service %s of the custom metrics API has no pods", name)
	}
	return running, nil
}

// locate is where the configuration is. In a rollout the newest pod has it: what
// it reads is what will be.
func locate(named ConfigMapKey, running []Process, findErr error) (ConfigMapKey, error) {
	if named.Name.Name != "" {
		return named.OrDefault(), nil
	}
	if findErr != nil {
		return ConfigMapKey{}, findErr
	}
	return running[len(running)-1].ConfigMap()
}

// configMap reads a ConfigMap, and its data, which may be a megabyte, only if it
// is another than at the last time.
func (a *AdapterReader) configMap(ctx context.Context, name types.NamespacedName) (*corev1.ConfigMap, error) {
	var head metav1.PartialObjectMetadata
	head.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	if err := a.direct.Get(ctx, name, &head); err != nil {
		return nil, err
	}
	if a.kept != nil && a.kept.UID == head.UID && a.kept.ResourceVersion == head.ResourceVersion {
		return a.kept, nil
	}
	var cm corev1.ConfigMap
	if err := a.direct.Get(ctx, name, &cm); err != nil {
		return nil, err
	}
	a.kept = &cm
	return a.kept, nil
}

// Content returns the text of a key of a ConfigMap; false if it has no such key.
func Content(cm *corev1.ConfigMap, key string) (string, bool) {
	if text, ok := cm.Data[key]; ok {
		return text, true
	}
	raw, ok := cm.BinaryData[key]
	return string(raw), ok
}

// HelmRelease returns the Helm release that owns the ConfigMap, empty if none does. It
// checks the label and the annotation that Helm itself checks.
func HelmRelease(cm *corev1.ConfigMap) string {
	if cm.Labels["app.kubernetes.io/managed-by"] != "Helm" {
		return ""
	}
	return cm.Annotations["meta.helm.sh/release-name"]
}

// pending reports whether the ConfigMap changed after the oldest process started,
// which then runs another configuration. A pod whose container does not run
// counts for nothing: it will read what is there when it starts.
//
// It is as exact as its times, which are whole seconds, and misses one thing: the
// kubelet shows a change in a volume up to some two minutes late, so a container
// that starts in that time reads what was there before.
func pending(cm *corev1.ConfigMap, running []Process) bool {
	changed := lastChange(cm)
	for _, p := range running {
		if !p.started.IsZero() && changed.After(p.started) {
			return true
		}
	}
	return false
}

// lastChange is when the ConfigMap's data last changed, by the times of those
// who manage it; a manager's time moves when it changes a value, not when it
// writes the same again. It may be too late: one who owns data and changes only a
// label moves it too. Where managed fields were removed it is the creation.
func lastChange(cm *corev1.ConfigMap) time.Time {
	last := cm.CreationTimestamp.Time
	for _, m := range cm.ManagedFields {
		if m.Time == nil || m.FieldsV1 == nil || !m.Time.After(last) {
			continue
		}
		owned := m.FieldsV1.GetRawString()
		if strings.Contains(owned, `"f:data"`) || strings.Contains(owned, `"f:binaryData"`) {
			last = m.Time.Time
		}
	}
	return last
}
