package doctor

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/manifest"
)

// fix is what resolves one finding.
type fix struct {
	hop    string
	reason string
	// by is who reported it; empty if it was found by reading.
	by string
	// text is the fix as it was found: manifests, or words, or values for Helm.
	text string
	// comment is the text as YAML comments.
	comment string
	// objects are the manifests; none if the fix is for a person to carry out.
	objects []*unstructured.Unstructured
}

// fixes are those of all broken hops, in their order, each once. Of several for the
// same object only the first counts: the next would undo it.
func fixes(reports []Report) []fix {
	var out []fix
	seen := map[string]bool{}
	for _, r := range reports {
		for _, h := range r.Hops {
			for _, f := range h.Findings {
				if f.found.Fix.IsZero() || f.Severity != finding.Error {
					continue
				}
				one := fix{hop: h.Hop, reason: f.Reason, by: h.ReportedBy, text: f.Fix, comment: render.Comment(f.found.Fix), objects: objectsOf(f.found.Fix)}
				if key := one.key(); !seen[key] {
					seen[key] = true
					out = append(out, one)
				}
			}
		}
	}
	return out
}

// origin names who reported it, as the end of a sentence.
func (f fix) origin() string {
	if f.by == "" {
		return ""
	}
	return ", as the " + f.by + " reported"
}

// key tells fixes apart: by their objects, or by their words.
func (f fix) key() string {
	if len(f.objects) == 0 {
		return f.text
	}
	var names []string
	for _, o := range f.objects {
		names = append(names, nameOf(o))
	}
	return strings.Join(names, ",")
}

// nameOf is an object as kubectl names it: servicemonitor.monitoring.coreos.com/a.
func nameOf(o *unstructured.Unstructured) string {
	gvk := o.GroupVersionKind()
	kind := strings.ToLower(gvk.Kind)
	if gvk.Group != "" {
		kind += "." + gvk.Group
	}
	name := kind + "/" + o.GetName()
	if o.GetNamespace() != "" {
		name += " in " + o.GetNamespace()
	}
	return name
}

// objectsOf are the objects of a fix as they are applied.
func objectsOf(f finding.Fix) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, o := range f.Objects {
		u, err := manifest.Unstructured(o)
		if err != nil {
			return nil // it is printed, with the error
		}
		out = append(out, u)
	}
	return out
}

// printFixes writes the fixes so that kubectl can apply what it is given: what is no
// manifest becomes comments.
func printFixes(w io.Writer, list []fix) error {
	var out strings.Builder
	for i, f := range list {
		if i > 0 {
			out.WriteString("---\n")
		}
		fmt.Fprintf(&out, "# %s: fixes %s%s\n", f.hop, f.reason, f.origin())
		if len(f.objects) > 0 {
			out.WriteString(strings.TrimRight(f.text, "\n") + "\n")
			continue
		}
		out.WriteString(f.comment)
	}
	_, err := io.WriteString(w, out.String())
	return err
}
