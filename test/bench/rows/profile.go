package rows

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"k8s.io/client-go/rest"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

// profiling describes a program that serves profiles.
type profiling struct {
	name   string
	base   string // URL
	client *http.Client
	parts  []measure.Part
}

// profileFlag returns a flag that makes a process serve profiles, and the base URL.
func profileFlag() (flag, base string, err error) {
	port, err := controlplane.FreePort()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	return "--pprof-bind-address=" + address, "http://" + address, err
}

// ofAPIServer profiles the API server of a plane with regard to its webhooks.
func ofAPIServer(p *plane.Plane, doing string) (profiling, error) {
	c, err := rest.HTTPClientFor(p.Config())
	if err != nil {
		return profiling{}, fmt.Errorf("make client: %w", err)
	}
	return profiling{"the API server while it " + doing, p.Config().Host, c, []measure.Part{
		{Name: "admission by webhooks", Functions: "pkg/admission/plugin/webhook/"},
		{Name: "of which to evaluate conditions", Functions: "matchconditions.(*matcher).Match"},
		{Name: "to send watch events", Functions: "handlers.(*WatchServer)"},
	}}, nil
}

// over profiles the program for the given number of seconds while repeating work.
func (p profiling) over(ctx context.Context, seconds int, work func() error) (report.Profile, error) {
	wait := p.begin(ctx, seconds)
	for {
		select {
		case got := <-wait:
			return got.Profile, got.err
		default:
			if err := work(); err != nil {
				return report.Profile{}, err
			}
		}
	}
}

type profiled struct {
	report.Profile
	err error
}

// begin starts profiling the program as soon as it answers.
func (p profiling) begin(ctx context.Context, seconds int) <-chan profiled {
	out := make(chan profiled, 1)
	go func() {
		got, err := measure.Profile(ctx, p.client, p.base, seconds)
		if err != nil {
			out <- profiled{err: fmt.Errorf("%s: %w", p.name, err)}
			return
		}
		out <- profiled{Profile: report.Profile{Of: p.name, Shares: measure.Shares(got, p.parts)}}
	}()
	return out
}

// profileOfStart shows where the time of a process goes in its first seconds.
func (part part) profileOfStart(ctx context.Context, p *plane.Plane, seconds int) (report.Profile, error) {
	flag, base, err := profileFlag()
	if err != nil {
		return report.Profile{}, err
	}
	wait := profiling{fmt.Sprintf("the %s in its first %d s", part.name, seconds), base, http.DefaultClient, []measure.Part{
		{Name: "to decode watch events", Functions: "watch.(*StreamWatcher).receive"},
		{Name: "to pack objects", Functions: "pack.func1"},
		{Name: "to index them", Functions: "cache.(*storeIndex).updateIndices"},
		{Name: "to read the pipeline", Functions: "internal/cluster/watch.(*Source)"},
		{Name: "to reconcile", Functions: "controller.(*workloads).Reconcile"},
		{Name: "to collect garbage", Functions: "runtime.gcBgMarkWorker"},
		{Name: "to write", Functions: "rest.(*Request).Do"},
	}}.begin(ctx, seconds)
	process, err := part.start(ctx, p, flag)
	if err != nil {
		return report.Profile{}, err
	}
	got := <-wait
	return got.Profile, errors.Join(got.err, process.Stop())
}
