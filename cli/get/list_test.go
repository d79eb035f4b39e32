package get

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +got; rewrite with -update)\n%s", name, diff)
	}
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func sample() []Row {
	since := metav1.NewTime(noon.Add(-90 * time.Minute))
	return []Row{
		{
			Namespace: "default", Name: "echo", Service: "echo", Metric: "kong_upstream_latency_ms_60s_average",
			TargetMS: ptr.To(40.0), NowMS: ptr.To(102.053), Replicas: 10, MinReplicas: 1, MaxReplicas: 10,
			Pipeline: Pipeline{State: OK}, Source: "Deployment", HPA: "echo", Since: &since,
		},
		{
			Namespace: "shop", Name: "cart", Service: "cart", Metric: "kong_upstream_latency_ms_60s_average",
			TargetMS: ptr.To(0.5), Replicas: 2, MinReplicas: 2, MaxReplicas: 20, Paused: "scale-in",
			Pipeline: Pipeline{State: Broken, Hop: servicemonitor.Hop.Name, Reason: "ServiceMonitorNotFound", Message: "no ServiceMonitor selects Service kong-system/kong-operator-metrics"},
			Source:   "LatencyPolicy", Policy: "frame", HPA: "cart", Since: &since,
		},
		{
			Namespace: "shop", Name: "till", Replicas: 1,
			Pipeline: Pipeline{State: Blocked, Reason: "NoServiceSelectsPods", Message: "no Service in namespace shop selects its pods"}, Source: "Deployment",
		},
	}
}

func TestFormats(t *testing.T) {
	for name, o := range map[string]Options{
		"table.txt":          {},
		"all-namespaces.txt": {AllNamespaces: true},
		"no-headers.txt":     {NoHeaders: true},
		"wide.txt":           {Output: "wide", AllNamespaces: true},
		"list.json":          {Output: "json"},
		"list.yaml":          {Output: "yaml"},
		"name.txt":           {Output: "name"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := newPrinter(&o)
			if err != nil {
				t.Fatal(err)
			}
			p.now = func() time.Time { return noon }
			var out bytes.Buffer
			if err := p.print(&out, sample()); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.String())
		})
	}
}

func TestOneByOne(t *testing.T) {
	for name, output := range map[string]string{"each.json": "json", "each.yaml": "yaml"} {
		p, err := newPrinter(&Options{Output: output})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := p.each(&out, sample()[1:]); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
	}
}

func TestAnUnknownFormat(t *testing.T) {
	_, err := newPrinter(&Options{Output: "xml"})
	if err == nil || err.Error() != `--output is "xml": must be wide, json, yaml or name` {
		t.Error(err)
	}
}

func TestOrder(t *testing.T) {
	over := func(target, now float64) Row { return Row{TargetMS: &target, NowMS: &now} }
	for _, tc := range []struct {
		row  Row
		want float64
	}{{over(40, 100), 2.5}, {over(40, 0), 0}, {Row{TargetMS: ptr.To(40.0)}, -1}, {Row{NowMS: ptr.To(40.0)}, -1}} {
		if got := tc.row.over(); got != tc.want {
			t.Errorf("%+v: got %v, want %v", tc.row, got, tc.want)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for want, v := range map[string]float64{"0ms": 0, "0.250ms": 0.25, "3.4ms": 3.42, "102ms": 102.4, "5ms": 5} {
		if got := milliseconds(&v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

// looks returns one result after the other.
type looks []func() ([]Row, error)

func (l *looks) next(context.Context) ([]Row, error) {
	f := (*l)[0]
	*l = (*l)[1:]
	return f()
}

func TestWatching(t *testing.T) {
	seen := func(replicas int32) func() ([]Row, error) {
		return func() ([]Row, error) {
			return []Row{{Name: "a", Replicas: 1}, {Name: "b", Replicas: replicas}}, nil
		}
	}
	failed := func() ([]Row, error) { return nil, errors.New("no route") }
	ctx, cancel := context.WithCancel(t.Context())
	last := func() ([]Row, error) { cancel(); return nil, ctx.Err() }
	l := looks{seen(1), failed, failed, seen(2), seen(2), last}
	ticks := make(chan time.Time, len(l))
	for range l {
		ticks <- noon
	}
	var printed [][]Row
	var warned bytes.Buffer
	w := watcher{read: l.next, warn: &warned, print: func(r []Row) error { printed = append(printed, r); return nil }}
	if err := w.run(ctx, ticks, []Row{{Name: "a", Replicas: 1}}); err != nil {
		t.Fatal(err)
	}
	want := [][]Row{{{Name: "b", Replicas: 1}}, {{Name: "b", Replicas: 2}}}
	if diff := cmp.Diff(want, printed); diff != "" {
		t.Error(diff)
	}
	if warned.String() != "retrying: no route\n" {
		t.Errorf("warned %q", warned.String())
	}
}

func TestWatchingInVain(t *testing.T) {
	failed := errors.New("no route")
	ticks := make(chan time.Time, maxFailures)
	for range maxFailures {
		ticks <- noon
	}
	w := watcher{read: func(context.Context) ([]Row, error) { return nil, failed }, warn: &bytes.Buffer{}}
	if err := w.run(t.Context(), ticks, nil); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}
