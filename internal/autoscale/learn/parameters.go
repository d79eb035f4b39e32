package learn

import "time"

// The parameters. They were chosen by playing the scenarios of test/control, and are in no
// need of precision: a tenth more or less changes no outcome.
const (
	// flatFor is how long the latency must not move to count as flat, horizon how long the
	// load to count as level. Samples are kept for that time.
	flatFor = time.Minute
	horizon = 2 * time.Minute
	// flatWithin and levelWithin are the ratios within which latency is flat and load level.
	// A queue that is long already may grow by little in proportion: flatMilliseconds is the
	// largest difference of latencies.
	flatWithin, levelWithin = 1.15, 1.1
	flatMilliseconds        = 200
	// settledSamples is the number of samples beyond the window of the metrics after which
	// they are of the present size only, and one does not count alone.
	settledSamples = 3
	// recent is the time that a peak of the load is averaged over.
	recent = 46 * time.Second

	// utilization is the share of the limit that pods are to have. The tolerance of the
	// HorizontalPodAutoscaler, 10 %, keeps them below it.
	utilization = 0.82
	// peak is the share of the limit that a pod may have for a moment. If it had more, the
	// margin grows, up to maxMargin; it is forgotten by marginHalfLife.
	peak           = 0.95
	maxMargin      = 1.5
	marginHalfLife = 4 * time.Hour
	// late is by how much the margin grows if a queue began to grow all the same, at a load
	// of more than known times the limit, after it grew by fast within the horizon.
	late, known, fast = 1.1, 0.9, 1.2

	// visible is the waiting time, as a share of the unloaded latency, from which on the
	// curve is fitted; and visibleScatter by how many standard deviations of single values it
	// must be more.
	visible        = 0.04
	visibleScatter = 4
	// fitHalfLife is how the precision of a fit is forgotten, so that another replaces it.
	fitHalfLife = 12 * time.Hour
	// plausible is the share of a load that met the target which a fitted limit must reach. With less,
	// it is not the load that makes the workload slow.
	plausible = 0.8
	// extrapolate is how far beyond the highest load that met the target the fitted curve is trusted.
	extrapolate = 1.6
	// between is where the limit is taken to be between a load that met the target and one that missed it.
	between = 0.75
	// forget doubles with each sample of a load that was too much, up to forgetAtMost; after
	// that time the load is tried again.
	forget, forgetAtMost = 2 * time.Hour, 24 * time.Hour

	// trialShare is the share of the pods that a trial removes, at least one; bestEffortShare
	// while the target is missed anyway.
	trialShare, bestEffortShare = 0.25, 0.5
	// certainly is by how much more than the highest of the last loads a pod is to have in a
	// trial, so that a load that scatters does not prevent it.
	certainly = 1.04
	// drift is how much more than what met the target a pod may get while the load moves.
	drift = 1.2
	// grow is by how much the size grows to see whether that helps, grown by how much it must
	// have grown, and helps the ratio of the latencies after and before from which on it has
	// no effect.
	grow, grown, helps = 1.25, 1.2, 0.9

	// guard is the multiple of the target at which latency adds pods whatever the load is,
	// and unreached one that stands for never.
	guard, unreached = 1.5, 1000
	// look is how long all pods must have been ready until it shows whether they are enough.
	// A latency of more than severe times the target that does not fall shows it as well.
	look   = 45 * time.Second
	severe = 5
	// suddenly is the ratio of two values of the load from which on its mean says nothing
	// about what pods had when a queue began to grow.
	suddenly = 1.2
	// bestEffort is the multiple of a latency that no size improves which is kept to instead of
	// the target.
	bestEffort = 1.25
	// waitingAtLoad is the latency of a pod with the load that it is to have, as a multiple of
	// the unloaded one.
	waitingAtLoad = 1.1
	// enough is the change of the load per pod that is worth a write.
	enough = 0.05
)
