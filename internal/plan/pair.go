package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
)

// Pairing is a Deployment with the Service whose latency scales it.
type Pairing struct {
	Workload model.Workload
	Service  model.Service
	// Settings are the merged settings of both.
	Settings annotations.Settings
}

// nearby are the Services of a namespace that may have to do with one workload, each
// list sorted by name.
type nearby struct {
	// naming name the workload by an annotation, selecting select its pods.
	naming, selecting []model.Service
	// requesting request autoscaling of the workload, beyond doubt.
	requesting []model.Service
	// ambiguous request autoscaling, select other workloads as well and name none.
	ambiguous []model.Service
}

func servicesNear(w model.Workload, c model.Catalog) nearby {
	n := nearby{naming: c.ServicesNaming(w.Name), selecting: c.ServicesSelecting(w.PodLabels)}
	for _, s := range n.naming {
		if s.Annotations.Requested {
			n.requesting = append(n.requesting, s)
		}
	}
	for _, s := range n.selecting {
		switch _, names := s.Annotations.Raw[annotations.Deployment]; {
		case names || !s.Annotations.Requested:
		case selectsOne(s, c):
			n.requesting = append(n.requesting, s)
		default:
			n.ambiguous = append(n.ambiguous, s)
		}
	}
	slices.SortFunc(n.requesting, func(a, b model.Service) int { return strings.Compare(a.Name, b.Name) })
	return n
}

func selectsOne(s model.Service, c model.Catalog) bool {
	first, more := c.FewSelectedBy(s)
	return len(first) == 1 && !more
}

// Pair finds the Service of workload w and merges the settings of the two.
//
// enabled is false if neither w nor a Service that is paired with it requests
// autoscaling; the other results are empty then. If an error is among the findings the
// pairing is not usable.
func Pair(w model.Workload, c model.Catalog) (p Pairing, enabled bool, findings []finding.Finding) {
	return pair(w, servicesNear(w, c), c)
}

func pair(w model.Workload, near nearby, c model.Catalog) (p Pairing, enabled bool, findings []finding.Finding) {
	a := w.Annotations
	requested := a.Requested || len(near.requesting) > 0
	switch {
	case !requested && (len(near.ambiguous) == 0 || a.Settings.Off):
		return Pairing{}, false, nil
	case len(a.Violations) > 0:
		return Pairing{}, true, a.Findings(w.Object())
	case !requested:
		// The Service requests it for one Deployment and selects several. That does not
		// detach an existing autoscaler of one of them.
		return Pairing{}, true, CheckService(near.ambiguous[0], c)
	}
	s, blocked := serviceOf(w, near, c)
	if blocked != nil {
		return Pairing{}, true, []finding.Finding{*blocked}
	}
	p, findings = join(w, s)
	return p, true, findings
}

// Offer pairs a workload that Pair reports as not enabled, as if it were. one is false if
// its Service is not unique, which the findings then say, or, without findings, if the
// workload or its Service declines autoscaling. If an error is among the findings the
// pairing is not usable.
func Offer(w model.Workload, c model.Catalog) (p Pairing, one bool, findings []finding.Finding) {
	return offer(w, servicesNear(w, c), c)
}

func offer(w model.Workload, near nearby, c model.Catalog) (p Pairing, one bool, findings []finding.Finding) {
	a := w.Annotations
	if a.Settings.Off {
		return Pairing{}, false, nil
	}
	if len(a.Violations) > 0 {
		return Pairing{}, true, a.Findings(w.Object())
	}
	s, blocked := serviceOf(w, near, c)
	if blocked != nil {
		return Pairing{}, false, []finding.Finding{*blocked}
	}
	p, findings = join(w, s)
	if p.Settings.Off {
		return Pairing{}, false, nil
	}
	return p, true, findings
}

// join joins the settings of a workload, which has no violations, and of its Service.
func join(w model.Workload, s model.Service) (p Pairing, findings []finding.Finding) {
	if len(s.Annotations.Violations) > 0 {
		return Pairing{}, s.Annotations.Findings(s.Object())
	}
	if !s.Selects(w.PodLabels) {
		findings = append(findings, ServiceDoesNotSelectPods.On(w.Object(),
			"Service %s does not select its pods", s.Name).At(annotations.Path(annotations.Service)))
	}
	settings, differ := annotations.Merge(w.Annotations, s.Annotations)
	for _, d := range differ {
		findings = append(findings, SettingsDisagree.On(w.Object(),
			"%s is %q here and %q on Service %s", d.Key, d.Deployment, d.Service, s.Name).At(annotations.Path(d.Key)))
	}
	return Pairing{Workload: w, Service: s, Settings: settings}, findings
}

// serviceOf decides which Service is w's: the one that w names, else the one
// that requests autoscaling of it, else the only one that selects its pods.
func serviceOf(w model.Workload, near nearby, c model.Catalog) (model.Service, *finding.Finding) {
	if name := w.Annotations.Settings.Service; name != "" {
		return namedService(w, name, near.requesting, c)
	}
	candidates, verb := near.requesting, "request its autoscaling"
	if len(candidates) == 0 {
		candidates, verb = near.selecting, "select its pods"
	}
	switch len(candidates) {
	case 0:
		f := NoServiceSelectsPods.On(w.Object(), "no Service in namespace %s selects its pods", w.Namespace).At(annotations.Path(annotations.TargetMS))
		return model.Service{}, &f
	case 1:
		return candidates[0], nil
	default:
		f := AmbiguousService.On(w.Object(), "Services %s %s", names(candidates), verb).
			Suggest("annotate the Deployment with %s: %s", annotations.Service, candidates[0].Name).At(annotations.Path(annotations.TargetMS))
		return model.Service{}, &f
	}
}

func namedService(w model.Workload, name string, requesting []model.Service, c model.Catalog) (model.Service, *finding.Finding) {
	others := slices.DeleteFunc(slices.Clone(requesting), func(s model.Service) bool { return s.Name == name })
	if len(others) > 0 {
		f := AmbiguousService.On(w.Object(), "%s is %s, and Service %s requests its autoscaling too",
			annotations.Service, name, names(others)).
			Suggest("remove %s from Service %s", annotations.TargetMS, names(others)).At(annotations.Path(annotations.Service))
		return model.Service{}, &f
	}
	s, ok := c.Service(name)
	if !ok {
		f := ServiceNotFound.On(w.Object(), "%s is %s, and namespace %s has no such Service",
			annotations.Service, name, w.Namespace).At(annotations.Path(annotations.Service))
		return model.Service{}, &f
	}
	return s, nil
}

// CheckService returns why a Service that requests autoscaling is not paired with a
// Deployment. It returns nothing for other Services, and nothing that Pair already
// reports about the Deployment.
func CheckService(s model.Service, c model.Catalog) []finding.Finding {
	if !s.Annotations.Requested {
		return nil
	}
	if len(s.Annotations.Violations) > 0 {
		return s.Annotations.Findings(s.Object())
	}
	if name := s.Annotations.Settings.Deployment; name != "" {
		if _, ok := c.Workload(name); !ok {
			return []finding.Finding{deploymentNotFound(s, name, c)}
		}
		return nil
	}
	selected, more := c.FewSelectedBy(s)
	switch {
	case len(selected) == 0:
		return []finding.Finding{noDeployment(s, c)}
	case len(selected) == 1 && !more:
		return nil
	default:
		list := make([]string, len(selected))
		for i, w := range selected {
			list[i] = w.Name
		}
		return []finding.Finding{AmbiguousDeployment.On(s.Object(), "it selects the pods of Deployments %s", some(list)).
			Suggest("annotate the Service with %s: %s", annotations.Deployment, list[0]).At(annotations.Path(annotations.TargetMS))}
	}
}

func nothingSelected(s model.Service) string {
	if s.External {
		return "it is of type ExternalName, which selects no pods: name a Deployment by " + annotations.Deployment
	}
	if len(s.Selector) == 0 {
		return "it has no selector, so it selects the pods of no Deployment: name one by " + annotations.Deployment
	}
	return fmt.Sprintf("it selects the pods of no Deployment in namespace %s", s.Namespace)
}

func names(services []model.Service) string {
	list := make([]string, len(services))
	for i, s := range services {
		list[i] = s.Name
	}
	return enumerate(list)
}

// some lists the first of names of which there may be any number.
func some(list []string) string {
	if len(list) > 3 {
		return strings.Join(list[:3], ", ") + " and more"
	}
	return enumerate(list)
}

// enumerate lists names as people write them, and at most three of them.
func enumerate(list []string) string {
	switch n := len(list); {
	case n == 1:
		return list[0]
	case n > 3:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), n-3)
	default:
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
}
