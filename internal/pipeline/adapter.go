package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
)

// The reasons about prometheus-adapter's configuration as a whole.
var (
	AdapterConfigInvalid = &finding.Reason{
		Name: "AdapterConfigInvalid", Severity: finding.Error, Wait: finding.ForChange, Hop: adapterrule.Hop,
		Summary: "prometheus-adapter exits at its start over a mistake in its configuration, in whichever rule it is, so that every metric disappears.",
		Fix:     "Correct what is named, or take it out, and restart the adapter.",
	}
	AdapterRelistFails = &finding.Reason{
		Name: "AdapterRelistFails", Severity: finding.Error, Wait: finding.ForChange, Hop: adapterrule.Hop,
		Summary: "A seriesQuery is no PromQL series selector. A single one makes prometheus-adapter give up listing any metric; after a restart it has none.",
		Fix:     "Correct that seriesQuery, or take its rule out, and restart the adapter.",
	}
	AdapterConfigPending = &finding.Reason{
		Name: "AdapterConfigPending", Severity: finding.Unknown, Wait: finding.ForObject, Hop: adapterrule.Hop,
		Summary: "The configuration changed after prometheus-adapter started. It reads it only once, so what runs is another configuration than the one that is judged.",
		Fix:     "Restart the adapter.",
	}
	AdapterConfigUnread = &finding.Reason{
		Name: "AdapterConfigUnread", Severity: finding.Unknown, Wait: finding.ForChange, Hop: adapterrule.Hop,
		Summary: "prometheus-adapter's configuration was not found, or could not be read.",
		Fix:     "Allow to read it, or name the ConfigMap where it is.",
	}
)

func adapterReasons() []*finding.Reason {
	return append([]*finding.Reason{
		AdapterConfigInvalid, AdapterRelistFails, AdapterConfigPending, AdapterConfigUnread,
	}, adapterRuleReasons()...)
}

// maxMistakes bounds how many mistakes one sentence names.
const maxMistakes = 10

// evaluateAdapter says whether the adapter would answer with the Service's
// latency. Of a configuration that does not run yet nothing follows for what runs;
// what is wrong with it is told as what the next restart brings.
func evaluateAdapter(s *Snapshot, subject Subject, scraped Scraped) []finding.Finding {
	a := &s.Adapter
	if a.State != Known {
		return adapterUnread(s)
	}
	var out []finding.Finding
	switch {
	case a.Config == nil:
		out = append(out, adapterInvalid(a, subject))
	case len(a.Config.RelistErrors()) > 0:
		out = append(out, adapterRelist(a, subject))
	default:
		out = append(out, evaluateRule(a, subject, scraped)...)
	}
	if a.Pending {
		return []finding.Finding{adapterPending(a, out)}
	}
	return out
}

// adapterPending says that the configuration does not run yet, and what was found
// wrong with it, if anything.
func adapterPending(a *Adapter, found []finding.Finding) finding.Finding {
	const text = "it changed after %s started, which reads it only once, so that another configuration may be running"
	if len(found) == 0 {
		return AdapterConfigPending.On(a.ConfigMap, text, adapterProcess(a)).
			WithFix(finding.Fix{Summary: "Restart the adapter", Commands: adapterRestart(a)})
	}
	return AdapterConfigPending.On(a.ConfigMap, text+"; after a restart: %s: %s", adapterProcess(a), found[0].Reason.Name, found[0].Message).
		WithFix(found[0].Fix)
}

func adapterUnread(s *Snapshot) []finding.Finding {
	a := &s.Adapter
	if a.State == NotInstalled && s.MetricsAPI.State == Known && !s.MetricsAPI.Registered {
		return nil // MetricsAPINotRegistered is the cause
	}
	on := a.ConfigMap
	if on.Name == "" {
		on = a.Deployment
	}
	if on.Name == "" {
		on = metricsAPIObject
	}
	return []finding.Finding{AdapterConfigUnread.On(on, "the rules of prometheus-adapter are not known: %s",
		cmp.Or(oneLine(a.Why), "nobody has looked yet")).Suggest("%s", AdapterConfigUnread.Fix)}
}

func adapterInvalid(a *Adapter, subject Subject) finding.Finding {
	mistakes := adapterMistakes(a.ParseError)
	return AdapterConfigInvalid.On(a.ConfigMap, "prometheus-adapter does not start with the configuration in key %s, and without it every metric disappears: %s",
		a.Key, nameMistakes(mistakes)).WithFix(fixMistakes(a, subject, mistakes))
}

func adapterRelist(a *Adapter, subject Subject) finding.Finding {
	mistakes := a.Config.RelistErrors()
	return AdapterRelistFails.On(a.ConfigMap, "Prometheus refuses a seriesQuery, so that prometheus-adapter lists no metric at all: %s",
		nameMistakes(mistakes)).WithFix(fixMistakes(a, subject, mistakes))
}

// adapterMistakes are the single mistakes of an error of [adapterconfig.Parse].
func adapterMistakes(err error) adapterconfig.Errors {
	var mistakes adapterconfig.Errors
	if errors.As(err, &mistakes) && len(mistakes) > 0 {
		return mistakes
	}
	reason := "it could not be parsed"
	if err != nil {
		reason = err.Error()
	}
	return adapterconfig.Errors{{Kind: adapterconfig.ErrorYAML, Reason: reason}}
}

func nameMistakes(mistakes adapterconfig.Errors) string {
	var named []string
	for i, e := range mistakes {
		if i == maxMistakes {
			named = append(named, fmt.Sprintf("and %d more", len(mistakes)-i))
			break
		}
		named = append(named, oneLine(e.Error()))
	}
	return strings.Join(named, "; ")
}

// fixMistakes takes out the rules with mistakes, which is only possible if all
// mistakes are in rules. Otherwise it is a sentence: nobody but their author
// knows what they were to mean.
func fixMistakes(a *Adapter, subject Subject, mistakes adapterconfig.Errors) finding.Fix {
	edit := ruleEdit{metric: subject.Metric, replace: -1, drop: map[int]string{}}
	for _, e := range mistakes {
		i, ok := e.Path.RuleIndex()
		if !ok {
			return adapterCorrect(a, mistakes)
		}
		if edit.drop[i] == "" {
			edit.drop[i] = oneLine(e.Error())
		}
	}
	if fix, ok := edit.apply(a); ok {
		return fix
	}
	return adapterCorrect(a, mistakes)
}

// adapterCorrect is the sentence for mistakes that no manifest resolves.
func adapterCorrect(a *Adapter, mistakes adapterconfig.Errors) finding.Fix {
	what := cmp.Or(mistakes[0].Path.String(), "the document")
	switch {
	case mistakes[0].Kind == adapterconfig.ErrorIntervals:
		return finding.Fix{Summary: fmt.Sprintf("Give %s a --metrics-max-age that is not less than its --metrics-relist-interval", adapterProcess(a))}
	case len(mistakes) > 1:
		what = fmt.Sprintf("these %d mistakes", len(mistakes))
	}
	return finding.Fix{Summary: fmt.Sprintf("Correct %s in key %s of %s, then restart the adapter", what, a.Key, a.ConfigMap), Commands: adapterRestart(a)}
}

func adapterProcess(a *Adapter) string {
	if a.Deployment.Name == "" {
		return "the adapter"
	}
	return a.Deployment.String()
}

// adapterRestart is the command that restarts the adapter; none if what runs it is not
// known.
func adapterRestart(a *Adapter) []string {
	switch d := a.Deployment; d.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		return []string{fmt.Sprintf("kubectl -n %s rollout restart %s/%s", d.Namespace, strings.ToLower(d.Kind), d.Name)}
	default:
		return nil
	}
}

// oneLine makes one line of a text.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
