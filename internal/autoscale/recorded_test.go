package autoscale_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/internal/autoscale"
)

// recordedSeries is what the controller of Kubernetes 1.37 read and decided; see
// tools/kubernetes/testdata/record_test.go. Times are in seconds since the first step.
type recordedSeries struct {
	Name  string                                    `json:"name"`
	Spec  autoscalingv2.HorizontalPodAutoscalerSpec `json:"spec"`
	Steps []struct {
		At       int32         `json:"at"`
		Replicas int32         `json:"replicas"`
		Status   int32         `json:"status"`
		Pods     []recordedPod `json:"pods"`
		Values   []*int64      `json:"values"`
		Want     int32         `json:"want"`
		Current  []*int64      `json:"current"`
		Failed   bool          `json:"failed"`
	} `json:"steps"`
}

type recordedPod struct {
	Phase        corev1.PodPhase `json:"phase"`
	Deleting     bool            `json:"deleting"`
	Started      *int32          `json:"started"`
	Ready        bool            `json:"ready"`
	ReadyChanged *int32          `json:"readyChanged"`
	Request      int64           `json:"request"`
	Usage        *int64          `json:"usage"`
	UsageAt      int32           `json:"usageAt"`
}

// TestStepsAsTheRecordedController replays what the real controller decided: the same
// sizes, the same values in the status, and an error in the same steps.
func TestStepsAsTheRecordedController(t *testing.T) {
	data, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []recordedSeries
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%d series are recorded, want at least 10", len(all))
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) { replay(t, s) })
	}
}

func replay(t *testing.T, s recordedSeries) {
	t.Helper()
	a, err := autoscale.New(s.Spec, autoscale.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	var state autoscale.State
	var d autoscale.Decision
	rescales := 0
	for i, step := range s.Steps {
		o := autoscale.Observation{
			Time: seconds(step.At), Replicas: step.Replicas, StatusReplicas: step.Status, Values: step.Values,
		}
		for _, p := range step.Pods {
			o.Pods = append(o.Pods, p.pod())
		}
		d, state = a.Step(state, o)
		if d.Replicas != step.Want || (d.Err != nil) != step.Failed {
			t.Fatalf("step %d at %d s: from %d to %d replicas, error %v; the controller sets %d, fails: %v",
				i, step.At, step.Replicas, d.Replicas, d.Err, step.Want, step.Failed)
		}
		if d.Rescaled {
			rescales++
		}
		for j, current := range step.Current {
			if current != nil && d.Proposals[j].Current != *current {
				t.Errorf("step %d: metric %d is %d, the controller reports %d", i, j, d.Proposals[j].Current, *current)
			}
		}
	}
	if rescales < 2 {
		t.Errorf("%d rescales in %d steps prove little", rescales, len(s.Steps))
	}
}

func (r recordedPod) pod() autoscale.Pod {
	p := autoscale.Pod{Phase: r.Phase, Deleting: r.Deleting, Ready: r.Ready, CPURequest: r.Request}
	if r.Started != nil {
		p.Started = seconds(*r.Started)
	}
	if r.ReadyChanged != nil {
		p.ReadyChanged = seconds(*r.ReadyChanged)
	}
	if r.Usage != nil {
		p.CPU = &autoscale.CPUSample{Usage: *r.Usage, Time: seconds(r.UsageAt), Window: 30 * time.Second}
	}
	return p
}

// seconds is a time of the test's clock. It does not begin at zero, which would be the
// absence of a time.
func seconds(n int32) time.Time { return time.Unix(1e9, 0).Add(time.Duration(n) * time.Second) }
