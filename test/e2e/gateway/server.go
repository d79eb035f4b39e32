package gateway

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"
)

// server is an HTTP server on a free loopback port.
type server struct {
	url  *url.URL
	http *http.Server
}

// drainTime is the time for a removed server to finish its requests.
const drainTime = 15 * time.Second

func serve(h http.Handler) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{
		url: &url.URL{Scheme: "http", Host: listener.Addr().String()},
		http: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          log.New(io.Discard, "", 0),
		},
	}
	go func() { _ = s.http.Serve(listener) }() // always ends with ErrServerClosed
	return s, nil
}

func (s *server) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.close()
	}
}

func (s *server) close() { _ = s.http.Close() }
