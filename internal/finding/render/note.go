package render

import "fmt"

// The lines below say on kubectl's warning channel what admission does, or what will
// follow from it. A plan is given as the text that it is written as.

// WillAttach is that an autoscaler will be created.
func WillAttach(plan fmt.Stringer) string { return Warning("will attach %s", plan) }

// WillChange is what of the autoscaler will be changed.
func WillChange(autoscaler string, changes fmt.Stringer) string {
	return Warning("will change HPA %s: %s", autoscaler, changes)
}

// WillAdopt is that an existing autoscaler will be taken over.
func WillAdopt(plan fmt.Stringer) string {
	return Warning("will adopt %s; its previous spec is kept", plan)
}

// WillDetach is that the autoscaler will be deleted.
func WillDetach() string { return Warning("will detach the HPA; the replicas stay as they are") }

// WillRestore is that an adopted autoscaler will get its previous spec.
func WillRestore(autoscaler string) string {
	return Warning("will restore the previous spec of HPA %s; the replicas stay as they are", autoscaler)
}

// NoEffect is that annotations change nothing; key is the one that enables autoscaling.
func NoEffect(key string) string {
	return Warning("annotations have no effect: neither this object nor its pair carries %s", key)
}

// Stamped is that auto-attach of a policy wrote a target; off is the value by which
// people decline it.
func Stamped(policy, key, target, off string) string {
	return Warning("LatencyPolicy %s enables autoscaling: wrote %s: %q; set it to %q to opt out", policy, key, target, off)
}

// RaisedReplicas is that the replicas of a new Deployment were raised to the minimum.
func RaisedReplicas(from, to int32) string {
	return Warning("raised spec.replicas from %d to %d, the minimum of its autoscaling", from, to)
}

// KeptReplicas is that the replicas are kept as the autoscaler has them; key is the
// annotation by which people turn that off.
func KeptReplicas(kept, instead int32, autoscaler, key string) string {
	return Warning("kept spec.replicas at %d, as HPA %s has it, instead of %d: remove spec.replicas from the manifest, or set %s: %q",
		kept, autoscaler, instead, key, "false")
}

// PolicyNotChecked is that it is not known whether a LatencyPolicy applies to anything.
func PolicyNotChecked(why string) string {
	return Warning("not checked whether the policy applies to any Deployment: %s", why)
}
