package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/time/rate"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	admissionmetrics "sigs.k8s.io/controller-runtime/pkg/webhook/admission/metrics"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// Controller-runtime decodes the objects of a review twice before a handler decodes them
// again. Decoding is most of the cost of an admission, so here it is done once:
// docs/decisions/0010-admission-reads-a-review-once.md

// answerer decodes a review and answers it; the header is known as far as the
// review could be read.
type answerer func(ctx context.Context, body []byte) (header, admissionhttp.Response)

// answering is the answerer of a handler of objects of type T.
func answering[T any](handle func(context.Context, review[T]) admissionhttp.Response) answerer {
	return func(ctx context.Context, body []byte) (head header, resp admissionhttp.Response) {
		r, err := decodeReview[T](body)
		if err != nil {
			return r.header, badRequest(err)
		}
		head = r.named() // also of a handler that panics
		defer recovered(ctx, &resp)
		return head, handle(ctx, r)
	}
}

// recovered answers for a handler that panics; it is deferred.
func recovered(ctx context.Context, resp *admissionhttp.Response) {
	r := recover()
	if r == nil {
		return
	}
	admissionmetrics.WebhookPanics.WithLabelValues().Inc()
	for _, f := range utilruntime.PanicHandlers {
		f(ctx, r)
	}
	*resp = admissionhttp.Errored(http.StatusInternalServerError, fmt.Errorf("panic: %v [recovered]", r))
}

// ServeHTTP implements http.Handler. What could not be processed is an error of the call,
// not a denial: the webhook's failurePolicy decides what becomes of the object.
func (a answerer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer putBuffer(buffer)
	if code, err := readBody(r, buffer); err != nil {
		fail(w, r, code, err.Error())
		return
	}
	head, resp := a(r.Context(), buffer.Bytes())
	// Nothing of the body is used from here on: what was decoded is copies.
	buffer.Reset()
	if verdict(resp) == metrics.Errored {
		fail(w, r, int(resp.Result.Code), resp.Result.Message)
		return
	}
	if err := encodeAnswer(buffer, head, resp); err != nil {
		fail(w, r, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(buffer.Len()))
	_, _ = w.Write(buffer.Bytes()) // whoever has hung up needs no answer
}

// logName is the name of the logger.
const logName = "admission"

// maxErrorText is how much of an error is answered and logged: it can quote what was sent.
const maxErrorText = 1 << 10

// failures bounds the log of calls that failed, which anyone can cause.
var failures = rate.NewLimiter(1, 20)

// fail answers that a call failed. The API server tells the user no more than that, so
// the reason is logged.
func fail(w http.ResponseWriter, r *http.Request, code int, text string) {
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + " …"
	}
	if failures.Allow() {
		log.FromContext(r.Context()).WithName(logName).Info("call failed", "path", r.URL.Path, "code", code, "why", text)
	}
	http.Error(w, text, code)
}

// readBody reads the body of a request; if it cannot be used, code is the HTTP status of
// the error. The Content-Length can be trusted: package limits bounds it.
func readBody(r *http.Request, into *bytes.Buffer) (code int, err error) {
	if t := r.Header.Get("Content-Type"); t != "application/json" {
		return http.StatusBadRequest, fmt.Errorf("content type is %.100q: must be application/json", t)
	}
	if r.ContentLength > 0 {
		into.Grow(int(r.ContentLength) + bytes.MinRead) // which ReadFrom wants to be free at the end
	}
	_, err = into.ReadFrom(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &tooLarge):
		code = http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		code = http.StatusRequestTimeout
	default:
		code = http.StatusBadRequest
	}
	return code, fmt.Errorf("read body: %w", err)
}

func encodeAnswer(into *bytes.Buffer, head header, resp admissionhttp.Response) error {
	// It uses nothing of the request but the UID.
	err := resp.Complete(admissionhttp.Request{AdmissionRequest: admissionv1.AdmissionRequest{UID: head.UID}})
	if err != nil {
		return fmt.Errorf("encode patch: %w", err)
	}
	return json.NewEncoder(into).Encode(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: reviewKind},
		Response: &resp.AdmissionResponse,
	})
}

// buffers hold bodies, and then the answers to them.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept is the size of a buffer that is kept: larger ones are rare, and must not
// stay.
const maxKept = 256 << 10

func putBuffer(b *bytes.Buffer) {
	if b.Cap() <= maxKept {
		b.Reset()
		buffers.Put(b)
	}
}
