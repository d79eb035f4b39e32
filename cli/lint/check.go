package lint

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/files"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Check finds everything that is wrong in the objects of a cluster of files. The
// results are sorted by file and line.
//
// Admission decides about the objects as if they were new. Files are a part of what
// will be in a cluster. What they do not hold counts only if they hold other objects of
// the same kind, in the same namespace where that matters; a hop of the metric pipeline
// is judged only if the objects that it consists of are among them. What is unknown is
// no result.
func Check(c *files.Cluster) []render.Located {
	l := locator{c}
	out := written(c.Objects)
	findings := slices.Concat(patches(c), policyFields(c), c.Admit(c.Diagnose).Findings)
	for _, f := range findings {
		if told(c, f) {
			out = append(out, located(f, l.locate(f)))
		}
	}
	return distinct(out)
}

// patches are the violations in what is not a whole Deployment or Service but a patch
// for one. Admission sees it only when it is applied to the whole.
func patches(c *files.Cluster) []finding.Finding {
	var out []finding.Finding
	for _, o := range c.Objects {
		if kind, ok := annotated(o); ok && files.Partial(o) {
			out = append(out, annotations.Parse(kind, o.GetAnnotations()).Findings(files.Name(o))...)
		}
	}
	return out
}

// policyFields finds fields of LatencyPolicies that do not exist; the API server
// refuses them, and files come without one.
func policyFields(c *files.Cluster) []finding.Finding {
	var out []finding.Finding
	for _, o := range c.Objects {
		if !files.Is(o, v1alpha1.GroupVersion.Group, "LatencyPolicy") {
			continue
		}
		err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, &v1alpha1.LatencyPolicy{}, true)
		strict, ok := runtime.AsStrictDecodingError(err)
		if !ok {
			continue // what is wrong otherwise was found when the object was read
		}
		for _, e := range strict.Errors() {
			field := strings.Trim(strings.TrimPrefix(e.Error(), "unknown field "), `"`)
			out = append(out, policy.PolicyInvalid.On(files.Name(o), "%s: there is no such field", field).At(finding.ParsePath(field)))
		}
	}
	return out
}

// annotated reports whether an object is of a kind that carries the annotations.
func annotated(o manifests.Object) (annotations.Kind, bool) {
	switch {
	case files.Is(o, "apps", string(annotations.OnDeployment)):
		return annotations.OnDeployment, true
	case files.Is(o, "", string(annotations.OnService)):
		return annotations.OnService, true
	}
	return "", false
}

// told reports whether a finding says something about the files, and not merely about
// what is not among them.
func told(c *files.Cluster, f finding.Finding) bool {
	if f.Severity == finding.Unknown {
		return false
	}
	switch f.Reason {
	case plan.NoServiceSelectsPods, plan.ServiceNotFound:
		return slices.ContainsFunc(c.Services, func(s model.Service) bool { return s.Namespace == f.Object.Namespace })
	case plan.NoDeploymentSelected, plan.DeploymentNotFound:
		return ownedByOthers(c, f.Object) || slices.ContainsFunc(c.Workloads, func(w model.Workload) bool { return w.Namespace == f.Object.Namespace })
	case plan.AdoptedNotFound:
		return slices.ContainsFunc(c.Autoscalers, func(a model.Autoscaler) bool {
			return a.Kind == model.KindHPA && a.Namespace == f.Object.Namespace
		})
	case route.Missing:
		return slices.ContainsFunc(c.Objects, func(o manifests.Object) bool {
			return o.GetKind() == "HTTPRoute" && o.GetNamespace() == f.Object.Namespace
		})
	case route.DataPlaneMayBeShared:
		return c.Snapshot.Extensions.State == pipeline.Known
	case extension.Pending:
		return false // Kong Operator makes the ControlPlane; files never show it
	}
	return true
}

// ownedByOthers reports whether the files hold what owns the pods of a Service, and it is
// no Deployment.
func ownedByOthers(c *files.Cluster, service finding.Object) bool {
	catalog := c.Catalog(service.Namespace)
	s, ok := catalog.Service(service.Name)
	return ok && len(catalog.OwnersBehind(s).List) > 0
}

// distinct sorts results and leaves each out that was there before.
func distinct(results []render.Located) []render.Located {
	slices.SortStableFunc(results, func(a, b render.Located) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Reason.Name, b.Reason.Name),
			cmp.Compare(a.Object.String(), b.Object.String()),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(results, func(a, b render.Located) bool {
		return a.File == b.File && a.Line == b.Line && a.Reason == b.Reason && a.Object == b.Object && a.Message == b.Message
	})
}

// located is a finding at a position in a file.
func located(f finding.Finding, at manifests.Position) render.Located {
	return render.Located{Finding: f, File: at.File, Line: at.Line, Text: at.Text}
}
