package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/kong-latency/kong-latency/webhook/limits"
)

// Limits of the admission server for one connection. Only the API server is meant to call
// it, and an answer needs milliseconds; but anyone in the cluster can connect. The limits
// for all connections together are in package limits.
const (
	// maxHeaderBytes: the API server sends a handful of short headers.
	maxHeaderBytes = 64 << 10
	// The API server gives up a call after 3 seconds, see config/webhook. The first of
	// these is also the time for a handshake, and for the first request after it.
	readHeaderTimeout = 5 * time.Second
	writeTimeout      = 10 * time.Second
	// idleTimeout is longer than the API server's 90 seconds: the client must close
	// idle connections, otherwise a call can hit a connection that is being closed.
	idleTimeout = 2 * time.Minute
	// stopTimeout is the time for pending answers when everything else has ended.
	stopTimeout = 10 * time.Second
)

var _ ctrlwebhook.Server = (*server)(nil)

// server serves admission. Handlers, with their metrics, are registered with the
// library's server; listening and stopping are implemented here.
type server struct {
	ctrlwebhook.Server // registers
	address            string
	tls                *tls.Config
	limits             *limits.Limits
	draining           func() bool
	log                logr.Logger

	listening atomic.Bool
}

func newServer(address string, config *tls.Config, bounds *limits.Limits, draining func() bool, log logr.Logger) *server {
	return &server{
		Server:   ctrlwebhook.NewServer(ctrlwebhook.Options{WebhookMux: http.NewServeMux()}),
		address:  address,
		tls:      config,
		limits:   bounds,
		draining: draining,
		log:      log,
	}
}

// Start serves until ctx ends and every pending call is answered.
func (s *server) Start(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen for admission: %w", err)
	}
	return s.serve(ctx, listener)
}

func (s *server) serve(ctx context.Context, listener net.Listener) error {
	protocols := new(http.Protocols)
	// The API server speaks HTTP/1.1 to webhooks in clusters. HTTP/2 would only
	// add its denial-of-service surface.
	protocols.SetHTTP1(true)
	srv := &http.Server{
		Handler:           s.handler(s.WebhookMux()),
		Protocols:         protocols,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(newErrorLog(s.log), "", 0),
		// Calls that arrived before the end are still answered.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	s.limits.Watch(srv)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		stopped <- srv.Shutdown(grace)
	}()
	s.log.Info("serving admission", "address", listener.Addr().String())
	s.listening.Store(true)
	err := srv.Serve(tls.NewListener(s.limits.Listener(listener), s.tls))
	s.listening.Store(false)
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve admission: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("stop serving admission within %s: %w", stopTimeout, err)
	}
	return nil
}

// StartedChecker reports whether the server listens.
func (s *server) StartedChecker() healthz.Checker {
	return func(*http.Request) error {
		if !s.listening.Load() {
			return errors.New("the webhook server does not listen")
		}
		return nil
	}
}

// handler bounds what is read, and closes connections while draining: the API server
// keeps them open long after the endpoint has left the Service, unless an answer says that
// the connection is closed.
func (s *server) handler(next http.Handler) http.Handler {
	bounded := s.limits.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.draining() {
			w.Header().Set("Connection", "close")
		}
		bounded.ServeHTTP(w, r)
	})
}
