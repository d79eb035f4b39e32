package cache

import (
	"context"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	toolscache "k8s.io/client-go/tools/cache"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
)

// indexReads is the index of HorizontalPodAutoscalers by the metrics of Services that they
// read at present, in all namespaces: what they prove is shared by all.
const indexReads = "kong-latency/reads"

// readsPage is how many HorizontalPodAutoscalers are listed at a time.
const readsPage = 500

// keptReads is what the cache keeps of status.currentMetrics: a metric that is read is
// there by its name alone. Values, which change at every sync, are left out; see
// keepValues.
func keptReads(names []string) []autoscalingv2.MetricStatus {
	var out []autoscalingv2.MetricStatus
	for _, name := range names {
		var m autoscalingv2.ObjectMetricStatus
		m.Metric.Name = name
		out = append(out, autoscalingv2.MetricStatus{Object: &m})
	}
	return out
}

// keepValues adds the values of the metrics of Services, which are shown of managed
// autoscalers.
func keepValues(kept, all []autoscalingv2.MetricStatus) {
	for i := range kept {
		for _, m := range all {
			if m.Object != nil && m.Object.Metric.Name == kept[i].Object.Metric.Name && m.Object.Current.Value != nil {
				kept[i].Object.Current.Value = m.Object.Current.Value
			}
		}
	}
}

// MetricsRead returns the metrics of Services that a HorizontalPodAutoscaler of a cache
// with these Options reads at present, sorted.
func MetricsRead(cached *autoscalingv2.HorizontalPodAutoscaler) []string {
	var out []string
	for _, m := range cached.Status.CurrentMetrics {
		if m.Object != nil {
			out = append(out, m.Object.Metric.Name)
		}
	}
	return out
}

func readKeys(o client.Object) []string {
	return MetricsRead(o.(*autoscalingv2.HorizontalPodAutoscaler))
}

// Readers returns for each metric of a Service that is read at present an autoscaler in a
// cache with these Options that reads it: the one of last if it still does, else the first
// by namespace and name. No object is decoded for it. If none is read, it returns nil.
func Readers(ctx context.Context, from ctrlcache.Informers, last map[string]finding.Object) (map[string]finding.Object, error) {
	// What is not synced yet only lacks some.
	informer, err := from.GetInformer(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, ctrlcache.BlockUntilSynced(false))
	if err != nil {
		return nil, err
	}
	indexed, ok := informer.(interface{ GetIndexer() toolscache.Indexer })
	if !ok {
		return nil, fmt.Errorf("look up HorizontalPodAutoscalers: a %T has no indexes", informer)
	}
	indexer := indexed.GetIndexer()
	var out map[string]finding.Object
	for _, metric := range indexer.ListIndexFuncValues(indexReads) {
		keys, err := indexer.IndexKeys(indexReads, metric)
		if err != nil {
			return nil, fmt.Errorf("look up HorizontalPodAutoscalers: %w", err)
		}
		if len(keys) == 0 {
			continue // it was the last one, just now
		}
		reader := last[metric]
		if reader == (finding.Object{}) || !slices.Contains(keys, reader.Namespace+"/"+reader.Name) {
			if reader, err = firstOf(keys); err != nil {
				return nil, fmt.Errorf("look up HorizontalPodAutoscalers: %w", err)
			}
		}
		if out == nil {
			out = map[string]finding.Object{}
		}
		out[metric] = reader
	}
	return out, nil
}

// firstOf is the first of some keys of a cache, by namespace and name.
func firstOf(keys []string) (finding.Object, error) {
	first := finding.Object{Kind: model.KindHPA}
	for i, key := range keys {
		namespace, name, err := toolscache.SplitMetaNamespaceKey(key)
		if err != nil {
			return finding.Object{}, err
		}
		if o := (finding.Object{Kind: model.KindHPA, Namespace: namespace, Name: name}); i == 0 || before(o, first) {
			first = o
		}
	}
	return first, nil
}

func before(a, b finding.Object) bool {
	return a.Namespace < b.Namespace || a.Namespace == b.Namespace && a.Name < b.Name
}

// ListReaders returns what Readers does, of an API server. HorizontalPodAutoscalers that may
// not be listed, or cannot be, are no evidence.
func ListReaders(ctx context.Context, from client.Reader) map[string]finding.Object {
	var out map[string]finding.Object
	for token := ""; ; {
		var page autoscalingv2.HorizontalPodAutoscalerList
		if err := from.List(ctx, &page, client.Limit(readsPage), client.Continue(token)); err != nil {
			return out
		}
		for i := range page.Items {
			h := &page.Items[i]
			o := finding.Object{Kind: model.KindHPA, Namespace: h.Namespace, Name: h.Name}
			for _, metric := range hpa.MetricsRead(h) {
				if out == nil {
					out = map[string]finding.Object{}
				}
				if first, ok := out[metric]; !ok || before(o, first) {
					out[metric] = o
				}
			}
		}
		if token = page.Continue; token == "" {
			return out
		}
	}
}
