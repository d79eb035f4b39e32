package stack

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/guide"
)

// Options are differences from Kong's guide. The zero value is the unchanged guide, with
// one echo server that answers every request at once, whatever the replicas.
type Options struct {
	// Without names parts of the guide that are not created; see [guide.Parts].
	Without []string
	// Scrape is the scrape interval if the ServiceMonitor has none. Zero means 5 s; the
	// guide has 30 s.
	Scrape time.Duration
	// Sync is how often kube-controller-manager looks at each autoscaler. Zero means 2 s;
	// its default is 15 s.
	Sync time.Duration
	// Rules, if set, are additional rules for the adapter: YAML that continues its list.
	Rules string
	// PerPod makes every ready pod of the Service one echo server.
	PerPod bool
	// Capacity of each echo server.
	Capacity gateway.Capacity

	// Monitored has Prometheus also scrape what the dashboard queries, as a cluster with
	// kube-prometheus-stack does: the product by its shipped ServiceMonitor, the API server,
	// and kube-state-metrics, which is started for it.
	Monitored bool

	// Step, if set, is called for each step of the start. It must call do, which returns a
	// short description of the result, and must return do's error.
	Step func(what string, do func() (string, error)) error
	// Logf, if set, prints lines of progress.
	Logf func(format string, args ...any)
}

// defaultScrape is short, so that the metric appears soon.
const defaultScrape = 5 * time.Second

func (o Options) scrape() time.Duration { return cmp.Or(o.Scrape, defaultScrape) }

// controllerManagerFlags are the additional flags of kube-controller-manager.
func (o Options) controllerManagerFlags() []string {
	if o.Sync == 0 {
		return nil
	}
	return []string{"--horizontal-pod-autoscaler-sync-period=" + o.Sync.String()}
}

// parts lists the parts of the guide that are created.
func (o Options) parts() []string {
	return slices.DeleteFunc(guide.Parts(), func(part string) bool { return slices.Contains(o.Without, part) })
}

// step runs one step of the start.
func (o Options) step(what string, do func() (string, error)) error {
	if o.Step != nil {
		return o.Step(what, do)
	}
	_, err := do()
	return err
}

// Objects returns the objects of one part of the guide as they are created.
func (o Options) Objects(part string) ([]*unstructured.Unstructured, error) {
	objects, err := guide.Objects(part)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if err := o.change(object); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// change applies the options to an object of the guide.
func (o Options) change(object *unstructured.Unstructured) error {
	switch {
	case object.GetKind() == "Prometheus":
		return unstructured.SetNestedField(object.Object, o.scrape().String(), "spec", "scrapeInterval")
	case o.Rules != "" && object.GetKind() == "ConfigMap" && object.GetName() == guide.AdapterConfigMap.Name:
		text, _, err := unstructured.NestedString(object.Object, "data", guide.AdapterConfigKey)
		if err != nil {
			return err
		}
		return unstructured.SetNestedField(object.Object, text+o.Rules, "data", guide.AdapterConfigKey)
	}
	return nil
}
