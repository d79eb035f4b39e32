package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/prometheus/common/model"
	"k8s.io/client-go/rest"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// backend is a Prometheus that can be queried.
type backend struct {
	client *http.Client
	// url is that of the server, and name how people call it.
	url, name string
}

// unreachableError says that the way to Prometheus is closed, or leads nowhere. It is
// no answer of Prometheus.
type unreachableError struct{ why string }

func (e *unreachableError) Error() string { return e.why }

// directly is the Prometheus at a URL that this machine reaches.
func directly(address string) (*backend, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--prometheus-url is %q: must be a URL such as http://localhost:9090", address)
	}
	return &backend{client: http.DefaultClient, url: strings.TrimSuffix(address, "/"), name: "Prometheus at " + address}, nil
}

// proxied is the adapter's Prometheus, reached through the API server, which needs
// the right to get services/proxy in its namespace.
func proxied(config *rest.Config, a pipeline.Adapter) (*backend, error) {
	namespace, service, ok := prometheus.AdapterService(a)
	if !ok {
		return nil, errors.New("the adapter's --prometheus-url names no Service that is known; give --prometheus-url")
	}
	u, err := url.Parse(a.PrometheusURL)
	if err != nil {
		return nil, fmt.Errorf("the adapter's --prometheus-url is no URL: %w", err)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	target := service + ":" + port
	if u.Scheme == "https" {
		target = "https:" + target
	}
	at := base.JoinPath("api", "v1", "namespaces", namespace, "services", target, "proxy", u.Path)
	return &backend{
		client: client, url: strings.TrimSuffix(at.String(), "/"),
		name: fmt.Sprintf("Prometheus behind Service %s/%s", namespace, service),
	}, nil
}

// answer is what Prometheus answers, as far as is read of it.
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string       `json:"resultType"`
		Result     model.Vector `json:"result"`
	} `json:"data"`
}

// query evaluates an expression that gives an instant vector. It only reads, by GET,
// which needs the least rights of the API server's proxy.
func (p *backend) query(ctx context.Context, expr string) (model.Vector, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/query?"+url.Values{"query": {expr}}.Encode(), nil)
	if err != nil {
		return nil, &unreachableError{err.Error()}
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, &unreachableError{err.Error()}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, &unreachableError{err.Error()}
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil || a.Status != "success" && a.Status != "error" {
		return nil, notPrometheus(p, response, raw)
	}
	if a.Status == "error" {
		if a.Error == "" {
			a.Error = response.Status
		}
		return nil, errors.New(a.Error)
	}
	return a.Data.Result, nil
}

// notPrometheus says what is known of an answer that is not Prometheus': mostly it
// is the API server's, whose proxy is not allowed or finds nobody.
func notPrometheus(p *backend, response *http.Response, raw []byte) error {
	var status struct {
		Kind    string `json:"kind"`
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &status) == nil && status.Kind == "Status" && status.Message != "" {
		return &unreachableError{status.Message}
	}
	return &unreachableError{fmt.Sprintf("%s answers %s, which is not Prometheus", p.name, response.Status)}
}
