package sim

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// The names of a Service that nothing else in a cluster has, so that it can be told from
// a stored series which of its labels have the Service's name, or its namespace.
const (
	AnyNamespace = "kl-namespace-c2f9"
	AnyService   = "kl-service-7ad1"
)

// Role is which part of the histogram a series is.
type Role int

// The roles. A native histogram has all parts in one series.
const (
	Bucket Role = iota
	Count
	Sum
	Native
)

// RoleOf is the role of a series of the source, by its name.
func RoleOf(name string) Role {
	for suffix, role := range map[string]Role{"_bucket": Bucket, "_count": Count, "_sum": Sum} {
		if strings.HasSuffix(name, suffix) {
			return role
		}
	}
	return Native
}

// Stream is one stored series, and what it is made of.
type Stream struct {
	adapterconfig.Series
	Role Role
}

// Shape is what one scrape makes Prometheus store of any Service, as that of the Service
// AnyService in AnyNamespace.
type Shape struct {
	Streams []Stream
	// Target are the labels of the target itself, which up and scrape_… have.
	Target map[string]string
	// Guessed are the labels whose values only Prometheus knows.
	Guessed map[string]bool
	// Replica is the label that differs between the data planes that measure the Service.
	Replica string
	// Features are the feature flags of the Prometheus; FeaturesKnown is false if they
	// are not known.
	Features      []string
	FeaturesKnown bool
	// Exact are the bounds of buckets as they are exposed, which Prometheus before version
	// 3 stores; later ones make 25.0 of 25.
	Exact bool
	// Records are the recording rules of the Prometheus, as far as they are over the
	// streams.
	Records []Record
}

// Stored is what Prometheus stores of one Service in one scrape.
type Stored struct {
	// Series are the Service's.
	Series []adapterconfig.Series
	// Shape is that of the scrape; nil if nothing is known but the series.
	Shape *Shape
}

// Key is the same for equal shapes only.
func (s *Shape) Key() string {
	var b strings.Builder
	write := func(texts ...string) {
		for _, text := range texts {
			b.WriteString(text)
			b.WriteByte(0)
		}
	}
	labels := func(m map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			write(name, m[name])
		}
		write("")
	}
	for _, x := range s.Streams {
		write(x.Name, strconv.Itoa(int(x.Role)))
		labels(x.Labels)
	}
	labels(s.Target)
	for _, name := range slices.Sorted(maps.Keys(s.Guessed)) {
		write(name, strconv.FormatBool(s.Guessed[name]))
	}
	write("", s.Replica, strconv.FormatBool(s.FeaturesKnown), strconv.FormatBool(s.Exact))
	write(s.Features...)
	for _, r := range s.Records {
		write("", r.Name, r.Expr)
		labels(r.Labels)
	}
	return b.String()
}

// Of are the series of a Service, if relabelings treat it like any other.
func (s *Shape) Of(namespace, service string) []Stream {
	r := strings.NewReplacer(AnyNamespace, namespace, AnyService, service)
	out := make([]Stream, len(s.Streams))
	for i, x := range s.Streams {
		labels := make(map[string]string, len(x.Labels))
		for name, value := range x.Labels {
			labels[name] = r.Replace(value)
		}
		out[i] = Stream{adapterconfig.Series{Name: r.Replace(x.Name), Labels: labels}, x.Role}
	}
	return out
}

// Ordinary reports whether the series are those that the shape gives the Service: the
// scrape treats it like any other.
func (s Stored) Ordinary(namespace, service string) bool {
	if s.Shape == nil || namespace == service {
		return false
	}
	return slices.EqualFunc(s.Series, s.Shape.Of(namespace, service), func(a adapterconfig.Series, b Stream) bool {
		return a.Name == b.Name && maps.Equal(a.Labels, b.Labels)
	})
}

// ShapeOf is the shape that can be told from nothing but the series of a Service: what
// has its name or its namespace as its value is the Service's, except for the labels of
// the target where exported_ separates them.
func ShapeOf(series []adapterconfig.Series, namespace, service string) *Shape {
	out := &Shape{Replica: "dataplane_url", Target: map[string]string{}}
	for i, s := range series {
		labels := maps.Clone(s.Labels)
		for name, value := range labels {
			_, moved := s.Labels["exported_"+name]
			switch {
			case moved || name == "job" && s.Labels["exported_service"] != "":
			case value == service:
				labels[name] = AnyService
			case value == namespace:
				labels[name] = AnyNamespace
			}
		}
		out.Streams = append(out.Streams, Stream{adapterconfig.Series{Name: s.Name, Labels: labels}, RoleOf(s.Name)})
		for name, value := range s.Labels {
			if i == 0 && labels[name] == value && name != "le" && name != out.Replica {
				out.Target[name] = value
			}
		}
	}
	return out
}
