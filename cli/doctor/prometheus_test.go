package doctor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// server answers every path with what it is given, and remembers the last request.
func server(t *testing.T, code int, body string) (*httptest.Server, *http.Request) {
	t.Helper()
	var last http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = *r
		w.WriteHeader(code)
		if _, err := w.Write([]byte(body)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s, &last
}

const vector = `{"status":"success","data":{"resultType":"vector","result":[
	{"metric":{"exported_service":"other"},"value":[1,"7"]},
	{"metric":{"exported_service":"echo"},"value":[1,"102.5"]}]}}`

var query = adapterconfig.Query{Expr: "sum(x)", Label: "exported_service"}

// The API server's proxy is queried under the Service, port and path that the adapter
// is given, with no more than the right to get.
func TestAskingThroughTheAPIServer(t *testing.T) {
	s, last := server(t, http.StatusOK, vector)
	a := pipeline.Adapter{State: pipeline.Known, PrometheusURL: "https://prom.monitoring.svc:9090/base"}
	m, err := newMeter(&rest.Config{Host: s.URL}, "", &pipeline.Snapshot{Adapter: a})
	if err != nil {
		t.Fatal(err)
	}
	r := m.ask(t.Context(), query, "echo")
	if r.State != pipeline.Known || r.Value == nil || *r.Value != 102.5 {
		t.Errorf("got %+v", r)
	}
	want := "/api/v1/namespaces/monitoring/services/https:prom:9090/proxy/base/api/v1/query"
	if last.URL.Path != want || last.Method != http.MethodGet || last.URL.Query().Get("query") != "sum(x)" {
		t.Errorf("queried %s %s, want %s", last.Method, last.URL, want)
	}
	if !strings.Contains(r.From, "monitoring/prom") {
		t.Errorf("queried %s", r.From)
	}
}

func TestAnswersOfPrometheus(t *testing.T) {
	for name, tc := range map[string]struct {
		code  int
		body  string
		state pipeline.State
		text  string
	}{
		"none":          {200, `{"status":"success","data":{"resultType":"vector","result":[]}}`, pipeline.Known, "no sample"},
		"of another":    {200, strings.ReplaceAll(vector, `"echo"`, `"x"`), pipeline.Known, "no sample"},
		"a mistake":     {400, `{"status":"error","error":"parse error"}`, pipeline.Known, "parse error"},
		"forbidden":     {403, `{"kind":"Status","message":"services \"prom\" is forbidden"}`, pipeline.Unreadable, "is forbidden"},
		"no endpoints":  {503, `{"kind":"Status","message":"no endpoints available"}`, pipeline.Unreadable, "no endpoints"},
		"something odd": {200, `<html>`, pipeline.Unreadable, "not Prometheus"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := server(t, tc.code, tc.body)
			m, err := newMeter(&rest.Config{Host: "http://127.0.0.1:1"}, s.URL, &pipeline.Snapshot{})
			if err != nil {
				t.Fatal(err)
			}
			r := m.ask(t.Context(), query, "echo")
			if r.State != tc.state || r.Value != nil || !strings.Contains(r.Why+r.Says, tc.text) {
				t.Errorf("got %+v, want %s with %q", r, tc.state, tc.text)
			}
		})
	}
}

func TestAPrometheusThatIsNotThere(t *testing.T) {
	m, err := newMeter(&rest.Config{}, "http://127.0.0.1:1", &pipeline.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	if r := m.ask(t.Context(), query, "echo"); r.State != pipeline.Unreadable {
		t.Errorf("got %+v", r)
	}
	if _, err := newMeter(&rest.Config{}, "localhost", &pipeline.Snapshot{}); err == nil || !strings.Contains(err.Error(), "--prometheus-url") {
		t.Errorf("got %v", err)
	}
	m, err = newMeter(&rest.Config{}, "", &pipeline.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	if r := m.ask(t.Context(), query, "echo"); r.State != pipeline.Unreadable || !strings.Contains(r.Why, "give --prometheus-url") {
		t.Errorf("got %+v", r)
	}
	if r := m.targets(t.Context(), finding.Object{}); r.State != pipeline.Unreadable {
		t.Errorf("got %+v", r)
	}
}

func TestAnswersOfTheMetricsAPI(t *testing.T) {
	for name, tc := range map[string]struct {
		code  int
		body  string
		state pipeline.State
		value float64
	}{
		"a value":   {200, `{"kind":"MetricValueList","items":[{"value":"102053m"}]}`, pipeline.Known, 102.053},
		"two":       {200, `{"kind":"MetricValueList","items":[{"value":"1"},{"value":"2"}]}`, pipeline.Known, 0},
		"none":      {404, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"it could not find the metric","code":404}`, pipeline.Known, 0},
		"failure":   {500, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","message":"unable to fetch metrics","code":500}`, pipeline.Known, 0},
		"forbidden": {403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no","code":403}`, pipeline.Unreadable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, last := server(t, tc.code, tc.body)
			m, err := newMeter(&rest.Config{Host: s.URL}, "", &pipeline.Snapshot{})
			if err != nil {
				t.Fatal(err)
			}
			r := m.metric(t.Context(), *subject())
			if r.State != tc.state || (r.Value == nil) != (tc.value == 0) || r.Value != nil && *r.Value != tc.value {
				t.Errorf("got %+v", r)
			}
			if want := "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/services/echo/m"; last.URL.Path != want {
				t.Errorf("queried %s, want %s", last.URL.Path, want)
			}
		})
	}
}
