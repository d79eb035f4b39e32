package model

import "time"

// Scaling is what an autoscaler reports about its scaling: the conditions ScalingActive
// and AbleToScale of a HorizontalPodAutoscaler.
type Scaling struct {
	// Known is false for an autoscaler that has not been synced yet.
	Known  bool
	Active bool
	// Reason and Message are those of ScalingActive, such as FailedGetObjectMetric.
	Reason, Message string
	// Since is when that condition last changed.
	Since time.Time
	// Unable is the condition AbleToScale if it is not true; otherwise it is zero.
	Unable Condition
}

// Condition is a condition with its reason, its message, and when it last changed.
type Condition struct {
	Reason, Message string
	Since           time.Time
}
