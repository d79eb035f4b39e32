package model

import "time"

// Scaling is what an autoscaler reports about the value it scales by: the condition
// ScalingActive of a HorizontalPodAutoscaler.
type Scaling struct {
	// Known is false for an autoscaler that has not been synced yet.
	Known  bool
	Active bool
	// Reason and Message are the condition's, such as FailedGetObjectMetric.
	Reason, Message string
	// Since is when the condition last changed.
	Since time.Time
}
