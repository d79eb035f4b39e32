package faults

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// largest is the size of the largest body that the webhook reads.
const largest = 8 << 20

// expectAnswers has the API server call the webhook n times: each is an object that the
// webhook refuses, and that would be admitted if it did not answer.
func (c *cluster) expectAnswers(n int) {
	c.t.Helper()
	for i := range n {
		d, _ := c.workload("echo", map[string]string{annotations.TargetMS: "40ms"})
		err := c.admin.Create(c.ctx, d, client.DryRunAll)
		c.Expect(apierrors.IsForbidden(err)).To(gomega.BeTrue(), "call %d: %v", i+1, err)
	}
}

// refused returns what a server of the process counted as refused for a reason.
func (c *cluster) refused(p *product.Process, server, reason string) float64 {
	c.t.Helper()
	return c.gauge(p, metrics.Refused.Name, "server", server, "reason", reason)
}

// cheap makes handshakes cheap for the caller.
var cheap = &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519}}

// attack is callers that are not the API server. They come from its own address, which
// is the worst case: the webhook cannot tell them apart by that.
type attack struct {
	address string
	stop    context.CancelFunc
	ended   sync.WaitGroup
	began   atomic.Int64 // calls, or connections
}

// attacks starts n callers at once, each of which repeats call until the test ends or
// end is called. Each has 50 milliseconds between a call and the next.
func (c *cluster) attacks(n int, call func(*attack, net.Conn)) *attack {
	ctx, stop := context.WithCancel(c.ctx)
	a := &attack{address: c.address, stop: stop}
	dialer := &tls.Dialer{Config: cheap}
	for range n {
		a.ended.Go(func() {
			for ctx.Err() == nil {
				if conn, err := dialer.DialContext(ctx, "tcp", a.address); err == nil {
					end := context.AfterFunc(ctx, func() { _ = conn.Close() })
					call(a, conn)
					end()
					_ = conn.Close()
				}
				select {
				case <-ctx.Done():
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
	c.t.Cleanup(a.end)
	return a
}

func (a *attack) end() {
	a.stop()
	a.ended.Wait()
}

// withhold sends all of a body but the last byte, and waits until that is given up.
func withhold(size int) func(*attack, net.Conn) {
	data := make([]byte, size-1)
	return func(a *attack, conn net.Conn) {
		post(conn, size)
		_, _ = conn.Write(data)
		a.began.Add(1)
		_, _ = io.Copy(io.Discard, conn)
	}
}

func post(conn net.Conn, size int) { postTo(conn, "/validate-deployments", size) }

func postTo(conn net.Conn, path string, size int) {
	_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, size)
}

func TestCallersWithholdTheEndOfLargeBodies(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	p := c.webhook()
	a := c.attacks(32, withhold(largest))
	c.Eventually(a.began.Load).Should(gomega.BeNumerically(">=", 32))
	c.expectAnswers(50)
	a.end()
	c.expectWithinLimit(p)
	c.Expect(c.refused(p, metrics.AdmissionServer, metrics.TooManyBodies)).To(gomega.BeNumerically(">", 0))
}

func TestCallersKeepTenThousandConnectionsIdle(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	p := c.webhook()
	const callers, each = 50, 200
	a := c.attacks(callers, func(a *attack, conn net.Conn) {
		a.began.Add(1)
		idle := []net.Conn{conn}
		for len(idle) < each {
			more, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", a.address, cheap)
			if err != nil {
				break // displaced in the handshake, or the end of the test
			}
			a.began.Add(1)
			idle = append(idle, more)
		}
		_, _ = io.Copy(io.Discard, conn)
		for _, one := range idle {
			_ = one.Close()
		}
	})
	for a.began.Load() < callers*each {
		c.expectAnswers(1)
	}
	c.expectAnswers(20)
	a.end()
	c.expectWithinLimit(p)
	c.Expect(c.refused(p, metrics.AdmissionServer, metrics.TooManyConnections)).To(gomega.BeNumerically(">", 0))
}

// The metrics can be read by every pod, too.
func TestCallersKeepConnectionsToTheMetricsIdle(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	p := c.controller()
	address := strings.TrimSuffix(strings.TrimPrefix(p.Metrics, "http://"), "/metrics")
	for range 5000 {
		conn, err := net.Dial("tcp", address)
		c.Expect(err).NotTo(gomega.HaveOccurred())
		t.Cleanup(func() { _ = conn.Close() })
	}
	c.Expect(c.refused(p, metrics.MetricsServer, metrics.TooManyConnections)).To(gomega.BeNumerically(">=", 4000))
	c.attached(c.enable(1)...)
	c.expectWithinLimit(p)
}

// Large and small bodies without an end, complete ones that are costly to decode,
// connections that say nothing, and headers that never end.
func TestCallersAttackInEveryWayAtOnce(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	p := c.webhook()
	attacks := []*attack{
		c.attacks(16, withhold(largest)),
		c.attacks(64, withhold(250<<10)),
		c.attacks(64, func(a *attack, conn net.Conn) {
			a.began.Add(1)
			_, _ = io.Copy(io.Discard, conn)
		}),
		c.attacks(64, func(a *attack, conn net.Conn) {
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nX-Long: ")
			a.began.Add(1)
			_, _ = io.Copy(io.Discard, conn)
		}),
	}
	for path, body := range costlyReviews() {
		attacks = append(attacks, c.attacks(4, func(a *attack, conn net.Conn) {
			postTo(conn, strings.Fields(path)[0], len(body))
			_, _ = conn.Write(body)
			a.began.Add(1)
			_, _ = conn.Read(make([]byte, 1))
		}))
	}
	for _, a := range attacks {
		c.Eventually(a.began.Load).Should(gomega.BeNumerically(">=", 4))
	}
	c.expectAnswers(50)
	for _, a := range attacks {
		a.end()
	}
	c.expectWithinLimit(p)
	c.Expect(c.refused(p, metrics.AdmissionServer, metrics.SlowBody)).To(gomega.BeNumerically(">", 0))
}

// costlyReviews returns, by path, the largest reviews of many small things: of labels,
// of annotations of the product, each of which is a violation, and of structs.
func costlyReviews() map[string][]byte {
	fill := func(before, after string, item func(i int) string) []byte {
		var b strings.Builder
		b.WriteString(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE","object":{` + before)
		for i := 0; b.Len() < largest-100; i++ {
			b.WriteString(item(i))
		}
		b.WriteString(after + `}}}`)
		return []byte(b.String())
	}
	return map[string][]byte{
		"/validate-deployments labels": fill(`"metadata":{"labels":{"a":""`, `}}`, func(i int) string { return fmt.Sprintf(`,"%x":""`, i) }),
		"/mutate-deployments annotations": fill(`"metadata":{"annotations":{"a":""`, `}}`, func(i int) string {
			return fmt.Sprintf(`,"kong.latency/%x":""`, i)
		}),
		"/validate-latencypolicies structs": fill(`"spec":{"behaviors":[{}`, `]}`, func(int) string { return ",{}" }),
	}
}
