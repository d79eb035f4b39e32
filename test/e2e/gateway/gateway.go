// Package gateway simulates Kong and its operator: a reverse proxy in front of echo
// servers, which measures their latency and exposes it with the operator's metric name
// and labels. Everything listens on loopback.
package gateway

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// Prefix is the path under which the Service is routed; upstream does not see
// it (Kong's strip_path).
const Prefix = "/echo"

// Options are the gateway's options.
type Options struct {
	Service types.NamespacedName // labels of the metric
	// Capacity of each echo server.
	Capacity Capacity
	// Pods, if set, makes every ready endpoint of the Service one echo server, so that
	// scaling the workload changes the number of servers. Without it there is one echo
	// server, whatever the replicas.
	Pods kubernetes.Interface
}

// Gateway is a running gateway. Stop it with Close.
type Gateway struct {
	options Options
	latency *latency
	pool    *pool
	proxy   *server
	metrics *server
	cancel  context.CancelFunc
}

// Start starts the gateway, its echo servers and its /metrics endpoint.
func Start(ctx context.Context, o Options) (*Gateway, error) {
	ctx, cancel := context.WithCancel(ctx)
	g := &Gateway{options: o, pool: newPool(o.Capacity), cancel: cancel}
	if err := g.start(ctx); err != nil {
		g.Close()
		return nil, fmt.Errorf("start gateway: %w", err)
	}
	return g, nil
}

func (g *Gateway) start(ctx context.Context) (err error) {
	if g.proxy, err = serve(g.handler()); err != nil {
		return err
	}
	g.latency = newLatency(g.proxy.url.String())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", g.latency.handler())
	if g.metrics, err = serve(mux); err != nil {
		return err
	}
	if g.options.Pods == nil {
		return g.pool.set([]string{"echo"})
	}
	return follow(ctx, g.options.Pods, g.options.Service, g.pool.set)
}

// URL returns the URL of the Service through the gateway, without a trailing slash.
func (g *Gateway) URL() string { return g.proxy.url.JoinPath(Prefix).String() }

// MetricsAddress returns the host:port that serves /metrics.
func (g *Gateway) MetricsAddress() string { return g.metrics.url.Host }

// Servers returns the current number of echo servers.
func (g *Gateway) Servers() int { return g.pool.size() }

// Close stops everything at once.
func (g *Gateway) Close() {
	g.cancel()
	for _, s := range []*server{g.proxy, g.metrics} {
		if s != nil {
			s.close()
		}
	}
	g.pool.close()
}

func (g *Gateway) handler() http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 100
	proxy := &httputil.ReverseProxy{
		Rewrite:   g.rewrite,
		Transport: measured{transport, g},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	mux := http.NewServeMux()
	mux.HandleFunc(Prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		if g.pool.size() == 0 {
			http.Error(w, "no pod of the service is ready", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	})
	return mux
}

func (g *Gateway) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, Prefix)
	r.Out.URL.RawPath = ""
	if upstream := g.pool.pick(); upstream != nil {
		r.Out.URL.Scheme, r.Out.URL.Host = upstream.Scheme, upstream.Host
	}
}

// measured records the time to the response headers of every request that was
// answered.
type measured struct {
	http.RoundTripper
	gateway *Gateway
}

// RoundTrip implements http.RoundTripper.
func (m measured) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	response, err := m.RoundTripper.RoundTrip(r)
	if err == nil {
		m.gateway.latency.observe(m.gateway.options.Service, time.Since(start))
	}
	return response, err
}
