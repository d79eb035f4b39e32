package controller

import (
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// What is applied together with a Service is not reported as absent.
func TestAServiceAloneIsReportedAfterAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &services{neighbors: func() *cache.Neighbors { return nil }, alone: map[types.NamespacedName]time.Time{}}
		key := types.NamespacedName{Namespace: "ns", Name: "echo"}
		alone := []finding.Finding{{Reason: plan.NoDeploymentSelected}}
		if d := r.wait(key, alone); d != patience {
			t.Errorf("waits %s at first", d)
		}
		<-time.After(patience)
		if d := r.wait(key, alone); d != 0 {
			t.Errorf("waits %s after a moment", d)
		}
		if d := r.wait(key, []finding.Finding{{Reason: plan.AmbiguousDeployment}}); d != 0 {
			t.Errorf("waits %s with another finding", d)
		}
		if d := r.wait(key, alone); d != patience {
			t.Errorf("waits %s when it is alone again", d)
		}
	})
}
