package webhook

import (
	"context"
	"net/http"
	"sync"

	"golang.org/x/time/rate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/logs"
)

// Whoever reaches the port can send requests that are denied, as fast as they are answered.
// What the API server sends stays far below: people apply manifests.
const (
	denialsPerSecond = 50
	denialsAtOnce    = 500
)

// denials logs the requests that are denied.
type denials struct {
	pace *rate.Limiter

	mu sync.Mutex
	// omitted counts those that were not logged since the last that was.
	omitted int
}

func newDenials() *denials {
	return &denials{pace: rate.NewLimiter(denialsPerSecond, denialsAtOnce)}
}

// logging is the answerer of a path, logging.
func (d *denials) logging(path string, a answerer) answerer {
	kind := calls[path].kind
	return func(ctx context.Context, body []byte) (header, admissionhttp.Response) {
		head, resp := a(ctx, body)
		if !resp.Allowed && resp.Result != nil && resp.Result.Code == http.StatusForbidden {
			d.log(ctx, kind, head, resp.Result)
		}
		return head, resp
	}
}

func (d *denials) log(ctx context.Context, kind string, head header, result *metav1.Status) {
	d.mu.Lock()
	if !d.pace.Allow() {
		d.omitted++
		d.mu.Unlock()
		return
	}
	omitted := d.omitted
	d.omitted = 0
	d.mu.Unlock()
	logs.Denied.Log(log.FromContext(ctx).WithName(logName), kind, finding.Quote(head.Namespace), finding.Quote(head.Name),
		operation(head.Operation), finding.Quote(head.UserInfo.Username), head.DryRun, reasonsOf(result), omitted)
}

// reasonsOf lists the reasons of a denial, each once, in their order.
func reasonsOf(result *metav1.Status) []string {
	var names []string
	if result.Details != nil {
		for _, c := range result.Details.Causes {
			names = append(names, string(c.Type))
		}
	}
	return distinct(names)
}
