package adapter

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/scheme"
	custommetrics "k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	rules "github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/test/guide"
)

const seedMetric = "kong_upstream_latency_ms_60s_average"

var (
	echo     = types.NamespacedName{Namespace: "default", Name: "echo"}
	services = schema.GroupResource{Resource: "services"}
	seedInfo = provider.CustomMetricInfo{GroupResource: services, Namespaced: true, Metric: seedMetric}
)

// canned returns fixed answers and records the queries.
type canned struct {
	listed  []rules.Series
	samples model.Vector
	err     error
	exprs   []string
}

func (c *canned) series(context.Context, string, time.Time) ([]rules.Series, error) {
	return c.listed, c.err
}

func (c *canned) vector(_ context.Context, expr string) (model.Vector, error) {
	c.exprs = append(c.exprs, expr)
	return c.samples, c.err
}

func echoSeries() []rules.Series {
	labels := map[string]string{
		"namespace": "kong-system", "service": "kong-operator-metrics",
		"exported_namespace": "default", "exported_service": "echo",
	}
	return []rules.Series{
		{Name: "kong_upstream_latency_ms_sum", Labels: labels},
		{Name: "kong_upstream_latency_ms_count", Labels: labels},
	}
}

func sample(service string, value float64) *model.Sample {
	return &model.Sample{Metric: model.Metric{"exported_service": model.LabelValue(service)}, Value: model.SampleValue(value)}
}

// seedMetrics serves the configuration of Kong's guide.
func seedMetrics(t *testing.T, s source) *metrics {
	t.Helper()
	text, err := guide.AdapterConfig()
	if err != nil {
		t.Fatal(err)
	}
	config, err := rules.Parse([]byte(text), rules.CoreResources)
	if err != nil {
		t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{{Version: "v1"}})
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Service"}, meta.RESTScopeNamespace)
	objects := dynamicfake.NewSimpleDynamicClient(scheme.Scheme,
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "echo", Labels: map[string]string{"app": "echo"}}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "idle", Labels: map[string]string{"app": "echo"}}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "other"}})
	return newMetrics(config, rules.CoreResources, s, mapper, objects, time.Minute)
}

func TestMetricOfEcho(t *testing.T) {
	tests := map[string]struct {
		value float64
		want  string
	}{
		"the guide's value":  {102.3129, "102312m"},
		"no requests is NaN": {math.NaN(), "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &canned{listed: echoSeries(), samples: model.Vector{sample("echo", tt.value), sample("other", 1)}}
			m := seedMetrics(t, s)
			if err := m.relist(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := m.GetMetricByName(t.Context(), echo, seedInfo, labels.Everything())
			if err != nil {
				t.Fatal(err)
			}
			if got.Value.String() != tt.want {
				t.Errorf("value %s, want %s", got.Value.String(), tt.want)
			}
			want := custommetrics.ObjectReference{Kind: "Service", APIVersion: "/v1", Namespace: "default", Name: "echo"}
			if d := cmp.Diff(want, got.DescribedObject); d != "" {
				t.Errorf("object (-want +got):\n%s", d)
			}
			if got.Metric.Name != seedMetric || got.Metric.Selector != nil || got.Timestamp.IsZero() {
				t.Errorf("metric %+v at %v", got.Metric, got.Timestamp)
			}
			wantExpr := `sum by (exported_service) (rate(kong_upstream_latency_ms_sum{exported_namespace="default",exported_service="echo"}[60s:10s]))
  /
sum by (exported_service) (rate(kong_upstream_latency_ms_count{exported_namespace="default",exported_service="echo"}[60s:10s]))
`
			if d := cmp.Diff([]string{wantExpr}, s.exprs); d != "" {
				t.Errorf("PromQL (-want +got):\n%s", d)
			}
		})
	}
}

func TestMetricsBySelector(t *testing.T) {
	m := seedMetrics(t, &canned{listed: echoSeries(), samples: model.Vector{sample("echo", 1), sample("echo", 2)}})
	if err := m.relist(t.Context()); err != nil {
		t.Fatal(err)
	}
	selector, err := labels.Parse("app=echo")
	if err != nil {
		t.Fatal(err)
	}
	metricSelector, err := labels.Parse("dataplane_url=x")
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.GetMetricBySelector(t.Context(), "default", selector, seedInfo, metricSelector)
	if err != nil {
		t.Fatal(err)
	}
	// idle has no sample and is left out; of two samples the last is used.
	if len(got.Items) != 1 || got.Items[0].DescribedObject.Name != "echo" || got.Items[0].Value.String() != "2" {
		t.Errorf("items %+v, want echo with 2", got.Items)
	}
	if d := cmp.Diff(map[string]string{"dataplane_url": "x"}, got.Items[0].Metric.Selector.MatchLabels); d != "" {
		t.Errorf("selector (-want +got):\n%s", d)
	}
}

func TestAnswersWithoutValue(t *testing.T) {
	gt, err := labels.Parse("le>5")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		series   []rules.Series
		samples  model.Vector
		queryErr error
		metric   string
		selector labels.Selector
		code     int32
		message  string
	}{
		"nothing listed": {
			code: 404, message: "the server could not find the metric kong_upstream_latency_ms_60s_average for services",
		},
		"another metric": {
			series: echoSeries(), metric: "latency",
			code: 404, message: "the server could not find the metric latency for services",
		},
		"selector that PromQL lacks": {
			series: echoSeries(), selector: gt,
			code: 404, message: "the server could not find the metric kong_upstream_latency_ms_60s_average for services",
		},
		"no sample": {
			series: echoSeries(),
			code:   404, message: "the server could not find the metric kong_upstream_latency_ms_60s_average for services echo",
		},
		"sample without the label": {
			series: echoSeries(), samples: model.Vector{{Metric: model.Metric{"service": "echo"}, Value: 1}},
			code: 404, message: "the server could not find the metric kong_upstream_latency_ms_60s_average for services echo",
		},
		"prometheus fails": {
			series: echoSeries(), queryErr: errors.New("connection refused"),
			code: 500, message: "Internal error occurred: unable to fetch metrics",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &canned{listed: tt.series, samples: tt.samples}
			m := seedMetrics(t, s)
			if err := m.relist(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.err = tt.queryErr
			info := seedInfo
			if tt.metric != "" {
				info.Metric = tt.metric
			}
			_, err := m.GetMetricByName(t.Context(), echo, info, tt.selector)
			var status apierrors.APIStatus
			if !errors.As(err, &status) {
				t.Fatalf("error %v, want a status", err)
			}
			if got := status.Status(); got.Code != tt.code || got.Message != tt.message {
				t.Errorf("got %d %q, want %d %q", got.Code, got.Message, tt.code, tt.message)
			}
		})
	}
}

func TestFailedRelistKeepsWhatWasKnown(t *testing.T) {
	s := &canned{listed: echoSeries()}
	m := seedMetrics(t, s)
	if got := m.ListAllMetrics(); len(got) != 0 {
		t.Errorf("before the first relist: %v", got)
	}
	if err := m.relist(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := m.ListAllMetrics()
	if !cmp.Equal(before, []provider.CustomMetricInfo{
		{GroupResource: schema.GroupResource{Resource: "namespaces"}, Metric: seedMetric}, seedInfo,
	}, cmpopts.SortSlices(func(a, b provider.CustomMetricInfo) bool { return a.String() < b.String() })) {
		t.Errorf("listed %v", before)
	}
	s.err = errors.New("503")
	if err := m.relist(t.Context()); err == nil {
		t.Error("relist hid that Prometheus failed")
	}
	if d := cmp.Diff(before, m.ListAllMetrics()); d != "" {
		t.Errorf("after a failed relist (-before +after):\n%s", d)
	}
	s.err, s.listed = nil, nil
	if err := m.relist(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.ListAllMetrics(); len(got) != 0 {
		t.Errorf("without series: %v", got)
	}
}
