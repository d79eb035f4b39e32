// Package finding defines what the product reports when something is wrong or
// noteworthy. A finding is a value: what travels between packages is its reason, its
// object, its field and its fix as typed objects. Only finding/render makes text of it.
package finding

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what follows from a finding.
type Severity string

const (
	// Error means that nothing is attached, or that the metric cannot arrive.
	Error Severity = "Error"
	// Warning means that autoscaling works, though perhaps not as intended.
	Warning Severity = "Warning"
	// Unknown means that it could not be found out. It is never a "no".
	Unknown Severity = "Unknown"
)

// Basis says on what a finding rests.
type Basis string

const (
	// Proven findings follow from objects that were read completely.
	Proven Basis = "Proven"
	// Measured findings were observed: a component was queried for a value and answered.
	Measured Basis = "Measured"
	// Unverified findings could not be verified: something was not readable.
	Unverified Basis = "Unknown"
)

// Wait says what makes a finding go away.
type Wait string

const (
	// ForChange findings stay until the object that they name is changed.
	ForChange Wait = "Change"
	// ForObject findings clear automatically when an object appears that is missing now.
	ForObject Wait = "Object"
)

// Hop declares one step of the metric pipeline. A hop is declared once, as a package
// variable of the package that judges it, and compared by identity.
type Hop struct {
	// Name is stable, in lower case with hyphens; policies, metrics and JSON carry it.
	Name string
	// Title heads the hop's chapter of the reference page.
	Title string
	// Summary is one sentence for the reference page: when the hop works.
	Summary string
	// Shared is true if the hop is the same for the metric of every Service.
	Shared bool
	// DenyByDefault is true if admission refuses errors of this hop where no policy
	// says otherwise. It is false for hops that admission never judges.
	DenyByDefault bool
}

// String is the hop's name; empty for nil, which stands for no hop.
func (h *Hop) String() string {
	if h == nil {
		return ""
	}
	return h.Name
}

// Reason declares one kind of finding. Reasons are declared once, as package variables
// next to the code that finds them, and compared by identity; the reference pages are
// generated from these declarations.
type Reason struct {
	// Name is stable and PascalCase; events, messages and JSON carry it.
	Name string
	// Severity of every finding with this reason.
	Severity Severity
	// Basis of every finding with this reason; empty for Proven, or for Unverified if
	// the severity is Unknown.
	Basis Basis
	// Wait says whether the finding can clear without the named object changing.
	Wait Wait
	// Hop is the hop of the metric pipeline that it is about; nil for findings about
	// settings and pairing.
	Hop *Hop
	// Summary is one sentence for the reference page: when this is found.
	Summary string
	// Fix is one sentence for the reference page: what resolves it.
	Fix string
}

// Reason declares a reason of the hop's findings.
func (h *Hop) Reason(name string, severity Severity, wait Wait, summary, fix string) *Reason {
	return &Reason{Name: name, Severity: severity, Wait: wait, Hop: h, Summary: summary, Fix: fix}
}

// Object names a Kubernetes object.
type Object struct {
	Kind      string
	Namespace string
	Name      string
}

// String is the object as people write it: "Deployment default/echo".
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Finding is one thing wrong or noteworthy.
type Finding struct {
	Reason   *Reason
	Severity Severity
	Basis    Basis
	// Object is what the finding is about, which need not be the workload.
	Object Object
	// Field is where in the object; nil if it is about the object as a whole.
	Field Path
	// Message is one sentence that names what is wrong and what is allowed.
	Message string
	// NamesObject is true if Message begins with the object.
	NamesObject bool
	// Fix is what resolves it; the zero Fix when the message says it all.
	Fix Fix
}

// On makes a finding of reason r about object o. Of each argument MaxQuote is quoted, see
// Sprintf, unless the format is nothing but %s.
func (r *Reason) On(o Object, format string, args ...any) Finding {
	basis := r.Basis
	if basis == "" {
		basis = Proven
		if r.Severity == Unknown {
			basis = Unverified
		}
	}
	return Finding{Reason: r, Severity: r.Severity, Basis: basis, Object: o, Message: message(format, args)}
}

// At returns the finding with its field, see [NewPath].
func (f Finding) At(steps ...any) Finding {
	f.Field = NewPath(steps...)
	return f
}

// NamingObject returns the finding as one whose message begins with its object.
func (f Finding) NamingObject() Finding {
	f.NamesObject = true
	return f
}

// WithFix returns the finding with what resolves it.
func (f Finding) WithFix(fix Fix) Finding {
	f.Fix = fix
	return f
}

// Suggest returns the finding with a fix that is a sentence for a person.
func (f Finding) Suggest(format string, args ...any) Finding {
	f.Fix = Fix{Summary: message(format, args)}
	return f
}

// Hop is the hop that the finding is about; nil if it is about settings or pairing.
func (f Finding) Hop() *Hop { return f.Reason.Hop }

// String is the finding in one line: reason, object, sentence.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s", f.Reason.Name, f.Object, f.Message)
}

// Blocks reports whether any of the findings keeps the workload from being attached.
// Findings about the pipeline never do: an autoscaler without its metric keeps the
// size, and works as soon as the pipeline does.
func Blocks(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error && f.Hop() == nil })
}

// Has reports whether any of the findings has the reason.
func Has(findings []Finding, r *Reason) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Reason == r })
}

// Sort orders findings: errors first, then by reason, object and message, so that the
// same state always gives the same text.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(a.Reason.Name, b.Reason.Name),
			cmp.Compare(a.Object.String(), b.Object.String()),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// Rank orders severities, 0 for the most severe; it is negative for what is none.
func (s Severity) Rank() int { return slices.Index([]Severity{Error, Warning, Unknown}, s) }
