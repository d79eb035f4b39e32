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
	// Settings are those of both, joined.
	Settings annotations.Settings
}

// Pair finds the Service of workload w and joins the settings of the two.
//
// asked is false if neither w nor a Service that is paired with it asks for
// autoscaling; there is nothing more to say then. If an error is among the
// findings the pairing is not usable.
func Pair(w model.Workload, c model.Catalog) (p Pairing, asked bool, findings []finding.Finding) {
	w.Annotations = annotations.Own(w.Annotations)
	own, errs := annotations.Parse(annotations.OnDeployment, w.Annotations)
	claims, ambiguous := claimsOn(w, c)
	if !annotations.Asks(w.Annotations) && len(claims) == 0 && (len(ambiguous) == 0 || own.Off) {
		return Pairing{}, false, nil
	}
	if len(errs) > 0 {
		return Pairing{}, true, annotations.Findings(w.Object(), errs)
	}
	if !annotations.Asks(w.Annotations) && len(claims) == 0 {
		// The Service asks on behalf of one Deployment and selects several. That is
		// no reason to take away what one of them has from before.
		return Pairing{}, true, CheckService(ambiguous[0], c)
	}
	s, blocked := serviceOf(w, own, claims, c)
	if blocked != nil {
		return Pairing{}, true, []finding.Finding{*blocked}
	}
	p, findings = join(w, s)
	return p, true, findings
}

// Offer pairs a workload for which Pair says that nobody asks, as if it were
// asked. one is false if not exactly one Service selects its pods, and none is
// named, which the findings then say; or, without any, if the workload or its
// Service declines. If an error is among the findings the pairing is not usable.
func Offer(w model.Workload, c model.Catalog) (p Pairing, one bool, findings []finding.Finding) {
	w.Annotations = annotations.Own(w.Annotations)
	own, errs := annotations.Parse(annotations.OnDeployment, w.Annotations)
	if own.Off {
		return Pairing{}, false, nil
	}
	if len(errs) > 0 {
		return Pairing{}, true, annotations.Findings(w.Object(), errs)
	}
	s, blocked := serviceOf(w, own, nil, c)
	if blocked != nil {
		return Pairing{}, false, []finding.Finding{*blocked}
	}
	p, findings = join(w, s)
	if p.Settings.Off {
		return Pairing{}, false, nil
	}
	return p, true, findings
}

// join joins the settings of a workload, which have no errors, and of its Service.
func join(w model.Workload, s model.Service) (p Pairing, findings []finding.Finding) {
	if _, errs := annotations.Parse(annotations.OnService, s.Annotations); len(errs) > 0 {
		return Pairing{}, annotations.Findings(s.Object(), errs)
	}
	if !s.Selects(w.PodLabels) {
		findings = append(findings, ServiceDoesNotSelectPods.On(w.Object(),
			"Service %s does not select its pods", s.Name))
	}
	settings, differ := annotations.Merge(w.Annotations, s.Annotations)
	for _, d := range differ {
		findings = append(findings, SettingsDisagree.On(w.Object(),
			"%s is %q here and %q on Service %s", d.Key, d.Deployment, d.Service, s.Name))
	}
	return Pairing{Workload: w, Service: s, Settings: settings}, findings
}

// claimsOn returns the Services that ask for autoscaling of w, and those that
// select others as well and name none, so that they may mean w; both sorted by name.
func claimsOn(w model.Workload, c model.Catalog) (claims, ambiguous []model.Service) {
	for _, s := range c.ServicesNaming(w.Name) {
		if annotations.Asks(s.Annotations) {
			claims = append(claims, s)
		}
	}
	for _, s := range c.ServicesSelecting(w.PodLabels) {
		if !annotations.Asks(s.Annotations) || s.Annotations[annotations.Deployment] != "" {
			continue
		}
		if len(c.WorkloadsSelectedBy(s)) == 1 {
			claims = append(claims, s)
		} else {
			ambiguous = append(ambiguous, s)
		}
	}
	slices.SortFunc(claims, func(a, b model.Service) int { return strings.Compare(a.Name, b.Name) })
	return claims, ambiguous
}

// serviceOf decides which Service is w's: the one that w names, else the one
// that asks on w's behalf, else the only one that selects its pods.
func serviceOf(w model.Workload, own annotations.Settings, claims []model.Service, c model.Catalog) (model.Service, *finding.Finding) {
	if own.Service != "" {
		return namedService(w, own.Service, claims, c)
	}
	candidates, verb := claims, "ask for its autoscaling"
	if len(claims) == 0 {
		candidates, verb = c.ServicesSelecting(w.PodLabels), "select its pods"
	}
	switch len(candidates) {
	case 0:
		f := NoServiceSelectsPods.On(w.Object(), "no Service in namespace %s selects its pods", w.Namespace)
		return model.Service{}, &f
	case 1:
		return candidates[0], nil
	default:
		f := AmbiguousService.On(w.Object(), "Services %s %s", names(candidates), verb).
			Suggest("annotate the Deployment with %s: %s", annotations.Service, candidates[0].Name)
		return model.Service{}, &f
	}
}

func namedService(w model.Workload, name string, claims []model.Service, c model.Catalog) (model.Service, *finding.Finding) {
	others := slices.DeleteFunc(slices.Clone(claims), func(s model.Service) bool { return s.Name == name })
	if len(others) > 0 {
		f := AmbiguousService.On(w.Object(), "%s is %s, and Service %s asks for its autoscaling too",
			annotations.Service, name, names(others)).
			Suggest("remove %s from Service %s", annotations.TargetMS, names(others))
		return model.Service{}, &f
	}
	s, ok := c.Service(name)
	if !ok {
		f := ServiceNotFound.On(w.Object(), "%s is %s, and namespace %s has no such Service",
			annotations.Service, name, w.Namespace)
		return model.Service{}, &f
	}
	return s, nil
}

// CheckService says what keeps a Service that asks for autoscaling from being
// paired with a Deployment. It returns nothing for a Service that does not ask,
// and nothing that Pair says about the Deployment already.
func CheckService(s model.Service, c model.Catalog) []finding.Finding {
	if !annotations.Asks(s.Annotations) {
		return nil
	}
	settings, errs := annotations.Parse(annotations.OnService, s.Annotations)
	if len(errs) > 0 {
		return annotations.Findings(s.Object(), errs)
	}
	if settings.Deployment != "" {
		if _, ok := c.Workload(settings.Deployment); !ok {
			return []finding.Finding{DeploymentNotFound.On(s.Object(), "%s is %s, and namespace %s has no such Deployment",
				annotations.Deployment, settings.Deployment, s.Namespace)}
		}
		return nil
	}
	switch selected := c.WorkloadsSelectedBy(s); len(selected) {
	case 0:
		return []finding.Finding{NoDeploymentSelected.On(s.Object(), "%s", nothingSelected(s))}
	case 1:
		return nil
	default:
		list := make([]string, len(selected))
		for i, w := range selected {
			list[i] = w.Name
		}
		return []finding.Finding{AmbiguousDeployment.On(s.Object(), "it selects the pods of Deployments %s", enumerate(list)).
			Suggest("annotate the Service with %s: %s", annotations.Deployment, list[0])}
	}
}

func nothingSelected(s model.Service) string {
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
