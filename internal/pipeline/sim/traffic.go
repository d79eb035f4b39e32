package sim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// owner is whose requests a series counts.
type owner uint8

const (
	// own is the Service in question.
	own owner = iota
	// foreign has the same name in another namespace.
	foreign
	// sibling is in the same namespace.
	sibling
	// idle is in the same namespace and has no requests.
	idle
	// nobody's are those of the target itself.
	nobody
	owners
)

// scene is one choice of all that is not known beforehand.
type scene struct {
	// at is the instant of the question.
	at time.Time
	// latency of requests in milliseconds, and how many there are in a second.
	latency, perSecond [owners]float64
	// free: a matcher on a label whose value is not known matches. Otherwise the label has a
	// usual value.
	free bool
	// without are the owners that have no series.
	without [owners]bool
	// replicas are the data planes that measure each Service, beside which there may be one
	// without requests.
	replicas int
	idleOne  bool
	// alwaysSo: requests took as long ever since the data planes started.
	alwaysSo bool
}

// The traffic of the two choices. Others are faster than the Service in one, and slower in
// the other.
func firstScene() scene {
	return scene{
		at: instant, free: true, replicas: 1,
		latency: [owners]float64{own: 102, foreign: 7, sibling: 500}, perSecond: [owners]float64{own: 8, foreign: 8, sibling: 8},
	}
}

func secondScene() scene {
	return scene{
		at: instant.Add(12*time.Hour + 7*time.Second), replicas: 1,
		latency: [owners]float64{own: 240, foreign: 800, sibling: 20}, perSecond: [owners]float64{own: 3, foreign: 5, sibling: 4},
	}
}

// extreme is the traffic of a Service that is the fastest, or the slowest, of all.
func extreme(latency float64) scene {
	s := firstScene()
	s.latency = [owners]float64{own: latency, foreign: 20, sibling: 30}
	return s
}

// instant is when queries are evaluated: a night from Saturday to Sunday.
var instant = time.Date(2033, time.May, 22, 0, 0, 0, 0, time.UTC)

const (
	// scrapes are so far apart, and happen so long after each multiple of it.
	scrapeInterval = 5 * time.Second
	scrapePhase    = 1234 * time.Millisecond
	// enoughScrapes are in every range.
	enoughScrapes = 4
	// age is how long data planes run, before which they had so many requests of so many
	// milliseconds.
	age            = 30 * 24 * time.Hour
	formerRequests = 2e9
	formerLatency  = 20
)

// bounds are those of Kong's buckets of upstream latency.
var bounds = []float64{25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10000, 30000, 60000}

// bucketOf are the bounds of the bucket that a request is counted in.
func bucketOf(latency float64) (above, upTo float64) {
	for _, b := range bounds {
		if latency <= b {
			return above, b
		}
		above = b
	}
	return above, latency
}

// member is one series of the crowd. Its values are not stored, but computed for a scene.
type member struct {
	labels  promlabels.Labels
	role    Role
	bound   float64 // of a bucket, or the value of nobody's
	owner   owner
	replica int
}

// maxReplicas is how many data planes a scene may have.
const maxReplicas = 3

// crowd are the series of the Service and of others, which all pass through its scrape. They
// are made when they are selected: a query selects few of them.
type crowd struct {
	streams map[string][]ownedStream
	names   []string
	made    map[string][]member
	shape   *Shape
	usual   bool
}

// ownedStream is a series of one owner, before it is one for each data plane and bucket.
type ownedStream struct {
	owner
	Stream
	value float64
}

// newCrowd makes a crowd in which labels whose values are not known have the usual
// values, or others.
func newCrowd(t *Traffic, usual bool) *crowd {
	c := &crowd{streams: map[string][]ownedStream{}, made: map[string][]member{}, shape: t.shape, usual: usual}
	add := func(who owner, streams []Stream) {
		for _, s := range streams {
			c.streams[s.Name] = append(c.streams[s.Name], ownedStream{owner: who, Stream: s})
		}
	}
	add(own, t.own)
	add(foreign, t.shape.Of(t.namespace+Other, t.service))
	add(sibling, t.shape.Of(t.namespace, t.service+Other))
	add(idle, t.shape.Of(t.namespace, t.service+"-idle"))
	for name, value := range targetSeries {
		s := Stream{Series: adapterconfig.Series{Name: name, Labels: t.shape.Target}}
		c.streams[name] = append(c.streams[name], ownedStream{nobody, s, value})
	}
	c.names = slices.Sorted(maps.Keys(c.streams))
	return c
}

// of are the series of one name.
func (c *crowd) of(name string) []member {
	made, ok := c.made[name]
	if !ok {
		for _, s := range c.streams[name] {
			made = s.join(made, c)
		}
		c.made[name] = made
	}
	return made
}

// Other is what the names of other namespaces and Services end in.
const Other = "-other"

// targetSeries are those that Prometheus makes of a scrape itself.
var targetSeries = map[string]float64{
	"up": 1, "scrape_duration_seconds": 0.05, "scrape_samples_scraped": 40,
	"scrape_samples_post_metric_relabeling": 40, "scrape_series_added": 0,
}

// OfTarget reports whether a series is one that Prometheus makes of a scrape itself.
func OfTarget(name string) bool {
	_, ok := targetSeries[name]
	return ok
}

// join adds a series for each data plane, and for each bucket.
func (s ownedStream) join(to []member, c *crowd) []member {
	labels := promlabels.NewBuilder(promlabels.FromMap(s.Labels)).Set(model.MetricNameLabel, s.Name)
	if !c.usual {
		for name, guessed := range c.shape.Guessed {
			if value, ok := s.Labels[name]; ok && guessed {
				labels.Set(name, "any-"+value)
			}
		}
	}
	m := member{owner: s.owner, role: s.Role, bound: s.value}
	if s.owner == nobody {
		m.labels = labels.Labels()
		return append(to, m)
	}
	replica, distinct := s.Labels[c.shape.Replica]
	_, divided := s.Labels[promlabels.BucketLabel]
	for m.replica = range maxReplicas {
		if m.replica > 0 && !distinct {
			break
		}
		if m.replica > 0 {
			labels.Set(c.shape.Replica, replica+"-"+strconv.Itoa(m.replica+1))
		}
		if s.Role != Bucket || !divided {
			m.labels = labels.Labels()
			to = append(to, m)
			continue
		}
		for _, m.bound = range bounds {
			m.labels = labels.Set(promlabels.BucketLabel, boundText(m.bound, c.shape.Exact)).Labels()
			to = append(to, m)
		}
		m.bound, m.labels = 0, labels.Set(promlabels.BucketLabel, "+Inf").Labels()
		to = append(to, m)
	}
	return to
}

func boundText(b float64, exact bool) string {
	text := strconv.FormatFloat(b, 'f', -1, 64)
	if exact {
		return text
	}
	return text + ".0"
}

// line is the value of a series as a line over time: at is the value at the instant of
// the scene, and it grows by slope in a second.
type line struct{ at, slope float64 }

func (s *scene) line(m member) line {
	if m.owner == nobody {
		return line{at: m.bound}
	}
	perSecond, latency := s.perSecond[m.owner], s.latency[m.owner]
	switch {
	case m.owner == idle || m.replica == s.replicas:
		perSecond, latency = 0, 0
	case m.replica > 0:
		perSecond /= 2
	}
	former := cmp.Or(latency, formerLatency)
	if !s.alwaysSo {
		former = formerLatency
	}
	counted := func(latency, per float64) line {
		return line{at: formerRequests*former*per + perSecond*latency*age.Seconds(), slope: perSecond * latency}
	}
	switch m.role {
	case Sum:
		return counted(latency, 1)
	case Bucket:
		in := 1.0
		if m.bound > 0 && latency > m.bound {
			in = 0
		}
		before := 1 / former
		if m.bound > 0 && former > m.bound {
			before = 0
		}
		return counted(in, before)
	default:
		return counted(1, 1/former)
	}
}

// there reports whether the scene has the series.
func (s *scene) there(m member) bool {
	if s.without[m.owner] {
		return false
	}
	return m.owner == nobody || m.replica < s.replicas || s.idleOne && m.replica == s.replicas
}
