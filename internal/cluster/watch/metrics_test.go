package watch

import (
	"errors"
	"strings"
	"testing"
	"time"

	prom "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// A kind is unread until somebody looked, and when it is forbidden. That it is
// not installed is known.
func TestUnreadKindsAreTold(t *testing.T) {
	s := stillSource()
	monitors := schema.GroupResource{Group: "monitoring.coreos.com", Resource: "servicemonitors"}
	steps := []struct {
		name   string
		do     func()
		unread float64
	}{
		{"nobody looked", func() {}, 1},
		{"not installed", func() { s.kinds.serviceMonitors.ended(apierrors.NewNotFound(monitors, ""), time.Now()) }, 0},
		{"forbidden", func() {
			s.kinds.serviceMonitors.ended(apierrors.NewForbidden(monitors, "", errors.New("no")), time.Now())
		}, 1},
	}
	for _, step := range steps {
		step.do()
		found := gather(t, s, metrics.SnapshotUnread.Name)
		if got, ok := found[monitors.String()]; !ok || got != step.unread {
			t.Errorf("%s: unread is %v of %v, want %v", step.name, got, found, step.unread)
		}
		if found[adapterConfiguration] != 1 {
			t.Errorf("%s: the adapter's configuration counts as read", step.name)
		}
	}
}

func TestTimesOfTheSnapshot(t *testing.T) {
	s := stillSource()
	for _, name := range []string{metrics.SnapshotChange.Name, metrics.SnapshotCheck.Name} {
		if got := gather(t, s, name)[""]; got != 0 {
			t.Errorf("%s is %v before anything happened", name, got)
		}
	}
	s.kinds.namespaces.ended(apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "", errors.New("no")), time.Now())
	s.renew(t.Context())
	first := gather(t, s, metrics.SnapshotChange.Name)[""]
	if first == 0 {
		t.Error("a new snapshot was not noted")
	}
	s.renew(t.Context())
	if got := gather(t, s, metrics.SnapshotChange.Name)[""]; got != first {
		t.Error("a snapshot that is as before was noted as a change")
	}
}

// gather returns the values of a metric of s by the value of its label, if it has one.
func gather(t *testing.T, s *Source, name string) map[string]float64 {
	t.Helper()
	if problems, err := testutil.CollectAndLint(s); err != nil || len(problems) > 0 {
		t.Fatalf("lint: %v %v", problems, err)
	}
	registry := prom.NewRegistry()
	if err := registry.Register(s); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetValue())
			}
			out[strings.Join(labels, ",")] = m.GetGauge().GetValue()
		}
	}
	return out
}
