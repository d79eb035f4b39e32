package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	admissionmetrics "sigs.k8s.io/controller-runtime/pkg/webhook/admission/metrics"
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
		head = r.header // also of a handler that panics
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

// ServeHTTP implements http.Handler.
func (a answerer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer putBuffer(buffer)
	var head header
	resp, ok := readBody(r, buffer)
	if ok {
		head, resp = a(r.Context(), buffer.Bytes())
	}
	// Nothing of the body is used from here on: what was decoded is copies.
	buffer.Reset()
	if err := encodeAnswer(buffer, head, resp); err != nil {
		buffer.Reset()
		resp = admissionhttp.Errored(http.StatusInternalServerError, err)
		_ = encodeAnswer(buffer, head, resp) // it holds nothing but text
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(buffer.Len()))
	_, _ = w.Write(buffer.Bytes()) // whoever has hung up needs no answer
}

// readBody reads the body of a request; if it cannot be used, resp says why.
func readBody(r *http.Request, into *bytes.Buffer) (resp admissionhttp.Response, ok bool) {
	if t := r.Header.Get("Content-Type"); t != "application/json" {
		return badRequest(fmt.Errorf("content type is %q: must be application/json", t)), false
	}
	if r.ContentLength > 0 && r.ContentLength <= maxKept {
		into.Grow(int(r.ContentLength) + bytes.MinRead) // which ReadFrom wants to be free at the end
	}
	_, err := into.ReadFrom(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return admissionhttp.Errored(http.StatusRequestEntityTooLarge, fmt.Errorf("read body: %w", err)), false
	case err != nil && !errors.Is(err, io.EOF):
		return badRequest(fmt.Errorf("read body: %w", err)), false
	default:
		return resp, true
	}
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
