package plant_test

import (
	"math"
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

var origin = time.Unix(1e9, 0)

// advance runs a plant for a time, in steps of a quarter of a second.
func advance(p *plant.Plant, by time.Duration, c plant.Conditions) plant.Served {
	var last plant.Served
	for done := time.Duration(0); done < by; done += time.Second / 4 {
		last = p.Advance(time.Second/4, c)
	}
	return last
}

func value(t *testing.T, p *plant.Plant, s plant.Signal) float64 {
	t.Helper()
	v, ok := p.Value(s)
	if !ok {
		t.Fatal("no value")
	}
	return float64(v) / 1000
}

func config() plant.Config {
	return plant.Config{Slots: 4, Service: 20 * time.Millisecond, Start: 20 * time.Second, Window: time.Minute}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.01*want+0.002 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestSteadyState(t *testing.T) {
	p := plant.New(config(), 5, origin)
	served := advance(p, 5*time.Minute, plant.Conditions{Load: 600})
	near(t, "latency", served.Latency.Seconds(), 0.02015)
	near(t, "latency metric", value(t, p, plant.Latency), 20.15)
	near(t, "rate", value(t, p, plant.Rate), 600)
	near(t, "concurrency by Little's law", value(t, p, plant.Concurrency), 600*0.02015)
}

func TestBacklogAboveCapacity(t *testing.T) {
	p := plant.New(config(), 1, origin)
	// One pod serves 200 a second: after 10 s, 1,000 requests wait, 5 s of work.
	served := advance(p, 10*time.Second, plant.Conditions{Load: 300})
	if s := served.Latency.Seconds(); s < 5 || s > 6.2 {
		t.Errorf("latency is %v s, want 5 s and what waits at full utilization", s)
	}
	near(t, "rate of answers", value(t, p, plant.Rate), 200)
	p.Scale(10)
	served = advance(p, time.Minute, plant.Conditions{Load: 300})
	near(t, "latency without the backlog", served.Latency.Seconds(), 0.02)
}

func TestPodsStart(t *testing.T) {
	p := plant.New(config(), 1, origin)
	p.Scale(2)
	advance(p, 19*time.Second, plant.Conditions{Load: 10})
	if pods := p.Pods(); len(pods) != 2 || !pods[0].Ready || pods[1].Ready || pods[1].CPU != nil {
		t.Errorf("after 19 s: %+v", pods)
	}
	advance(p, time.Minute, plant.Conditions{Load: 10})
	if pods := p.Pods(); !pods[1].Ready || pods[1].CPU == nil || !pods[1].ReadyChanged.Equal(origin.Add(20*time.Second)) {
		t.Errorf("after a minute more: %+v", pods[1])
	}
}

func TestNoPodReady(t *testing.T) {
	p := plant.New(config(), 3, origin)
	advance(p, time.Minute, plant.Conditions{Load: 100})
	served := advance(p, 2*time.Minute, plant.Conditions{Load: 100, Unready: true})
	if served.Latency != math.MaxInt64 || p.Pods()[0].Ready {
		t.Errorf("latency is %v, pod %+v", served.Latency, p.Pods()[0])
	}
	if latency := value(t, p, plant.Latency); latency != 0 {
		t.Errorf("the latency is %v without an answer for two minutes, want 0", latency)
	}
	if served = advance(p, time.Second, plant.Conditions{Load: 100}); served.Latency > 30*time.Millisecond {
		t.Errorf("latency is %v once the pods are ready", served.Latency)
	}
}

func TestSlowDependency(t *testing.T) {
	p := plant.New(config(), 5, origin)
	near(t, "latency", advance(p, time.Second, plant.Conditions{Load: 100, Slowdown: 3}).Latency.Seconds(), 0.06)
}

func TestScrapeAndRelist(t *testing.T) {
	c := config()
	c.Scrape, c.Relist = 30*time.Second, time.Minute
	start := origin.Truncate(time.Minute)
	p := plant.New(c, 5, start)
	advance(p, 45*time.Second, plant.Conditions{Load: 100})
	if _, ok := p.Value(plant.Rate); ok {
		t.Error("there is a value before the series are listed")
	}
	advance(p, 75*time.Second, plant.Conditions{Load: 100})
	near(t, "rate", value(t, p, plant.Rate), 100)
	advance(p, 29*time.Second, plant.Conditions{Load: 300})
	near(t, "rate before the next scrape", value(t, p, plant.Rate), 100)
	advance(p, time.Second, plant.Conditions{Load: 300})
	near(t, "rate after it", value(t, p, plant.Rate), 200)
}
