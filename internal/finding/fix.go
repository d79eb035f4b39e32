package finding

import "k8s.io/apimachinery/pkg/runtime"

// Fix is what makes a finding go away, as typed values. The zero Fix is none.
type Fix struct {
	// Summary is one sentence: what to do. Beside Objects it may be empty.
	Summary string
	// Notes are what to know before carrying the fix out, each one or more lines.
	Notes []string
	// Objects are complete manifests to apply, in this order.
	Objects []runtime.Object
	// HelmValues are values for an upgrade of a Helm release; nil if there are none.
	HelmValues *HelmValues
	// Insert is a value for a person to insert where Summary says; nil if there is
	// none. It encodes to YAML.
	Insert any
	// Commands are what to run, behind applying Objects.
	Commands []string
}

// HelmValues are values of one Helm release.
type HelmValues struct {
	// Release and Namespace name the release, Chart is what it is an instance of.
	Release, Namespace, Chart string
	// Values encodes to YAML.
	Values any
}

// Apply is the fix of applying objects.
func Apply(objects ...runtime.Object) Fix { return Fix{Objects: objects} }

// IsZero reports whether there is no fix.
func (f Fix) IsZero() bool {
	return f.Summary == "" && len(f.Notes) == 0 && len(f.Objects) == 0 && f.HelmValues == nil && f.Insert == nil && len(f.Commands) == 0
}

// IsManifest reports whether the fix has YAML in it, and not merely sentences and commands.
func (f Fix) IsManifest() bool { return len(f.Objects) > 0 || f.HelmValues != nil || f.Insert != nil }
