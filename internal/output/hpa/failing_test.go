package hpa

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestFailing(t *testing.T) {
	since := time.Unix(1000, 0)
	type kind = autoscalingv2.HorizontalPodAutoscalerConditionType
	for name, tc := range map[string]struct {
		kind    kind
		status  corev1.ConditionStatus
		reason  string
		after   time.Duration
		found   bool
		recheck time.Duration
	}{
		"active":             {autoscalingv2.ScalingActive, corev1.ConditionTrue, "ValidMetricFound", time.Hour, false, 0},
		"able":               {autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededRescale", time.Hour, false, 0},
		"limited":            {autoscalingv2.ScalingLimited, corev1.ConditionTrue, "TooManyReplicas", time.Hour, false, 0},
		"without a value":    {autoscalingv2.ScalingActive, corev1.ConditionFalse, "FailedGetObjectMetric", time.Hour, false, 0},
		"without replicas":   {autoscalingv2.ScalingActive, corev1.ConditionFalse, "ScalingDisabled", time.Hour, false, 0},
		"two of it":          {autoscalingv2.ScalingActive, corev1.ConditionFalse, "AmbiguousSelector", 30 * time.Second, true, 0},
		"two for a moment":   {autoscalingv2.ScalingActive, corev1.ConditionFalse, "AmbiguousSelector", 0, false, 30 * time.Second},
		"no selector":        {autoscalingv2.ScalingActive, corev1.ConditionFalse, "InvalidSelector", 0, true, 0},
		"CPU, for a moment":  {autoscalingv2.ScalingActive, corev1.ConditionFalse, "FailedGetResourceMetric", time.Minute, false, 2 * time.Minute},
		"CPU":                {autoscalingv2.ScalingActive, corev1.ConditionFalse, "FailedGetResourceMetric", 3 * time.Minute, true, 0},
		"not known":          {autoscalingv2.ScalingActive, corev1.ConditionUnknown, "Future", time.Hour, true, 0},
		"no scale":           {autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedGetScale", time.Hour, true, 0},
		"no scale, a moment": {autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedGetScale", 0, false, 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "echo"}}
			h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{
				Type: tc.kind, Status: tc.status, Reason: tc.reason, Message: strings.Repeat("m", 1000), LastTransitionTime: metav1.NewTime(since),
			}}
			cached := h.DeepCopy()
			cached.Status.Conditions = Remarkable(h.Status.Conditions)
			for _, o := range []*autoscalingv2.HorizontalPodAutoscaler{h, cached} { // the cache loses no finding
				found, recheck := Output{}.Failing(o, since.Add(tc.after))
				if (len(found) == 1) != tc.found || recheck != tc.recheck {
					t.Fatalf("found %v, recheck after %s", found, recheck)
				}
				if tc.found && (found[0].Reason != AutoscalerFails || !strings.Contains(found[0].Message, tc.reason) || len(found[0].Message) > 300) {
					t.Errorf("found %v", found[0])
				}
			}
		})
	}
}

// Of ten thousand healthy autoscalers the cache keeps next to nothing.
func TestRemarkableConditions(t *testing.T) {
	all := goodAutoscaler().Status.Conditions
	want := []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue}}
	if diff := cmp.Diff(want, Remarkable(all)); diff != "" {
		t.Error(diff)
	}
	all[0].Status, all[1].Status = corev1.ConditionFalse, corev1.ConditionFalse
	if diff := cmp.Diff(all, Remarkable(all)); diff != "" {
		t.Error(diff)
	}
}
