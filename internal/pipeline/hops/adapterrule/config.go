package adapterrule

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// The reasons about prometheus-adapter's configuration as a whole.
var (
	ConfigInvalid = Hop.Reason("AdapterConfigInvalid", finding.Error, finding.ForChange,
		"prometheus-adapter exits when it starts because of a mistake anywhere in its configuration, so that every metric disappears.",
		"Correct what the message names, or remove it, and restart the adapter.")
	RelistFails = Hop.Reason("AdapterRelistFails", finding.Error, finding.ForChange,
		"A seriesQuery is no PromQL series selector. Because of a single one prometheus-adapter stops listing metrics; after a restart it has none.",
		"Correct that seriesQuery, or remove its rule, and restart the adapter.")
	ConfigPending = Hop.Reason("AdapterConfigPending", finding.Unknown, finding.ForObject,
		"The configuration changed after prometheus-adapter started. It reads it only once, so it runs with another configuration than the one that is judged.",
		"Restart the adapter.")
	ConfigUnread = Hop.Reason("AdapterConfigUnread", finding.Unknown, finding.ForChange,
		"prometheus-adapter's configuration was not found, or could not be read.",
		"Allow to read it, or name the ConfigMap where it is.")
)

// maxMistakes bounds how many mistakes one sentence names.
const maxMistakes = 10

// pending says that the configuration does not run yet, and what was found
// wrong with it, if anything.
func pending(a *pipeline.Adapter, found []finding.Finding) finding.Finding {
	const text = "it changed after %s started, which reads it only once, so that another configuration may be running"
	if len(found) == 0 {
		return ConfigPending.On(a.ConfigMap, text, process(a)).
			WithFix(finding.Fix{Summary: "Restart the adapter", Commands: restart(a)})
	}
	return ConfigPending.On(a.ConfigMap, text+"; after a restart: %s: %s", process(a), found[0].Reason.Name, finding.Text(found[0].Message)).
		At(found[0].Field).
		WithFix(found[0].Fix)
}

func unread(s *pipeline.Snapshot) []finding.Finding {
	a := &s.Adapter
	if a.State == pipeline.NotInstalled && s.MetricsAPI.State == pipeline.Known && !s.MetricsAPI.Registered {
		return nil // NotRegistered is the cause
	}
	on := a.ConfigMap
	if on.Name == "" {
		on = a.Deployment
	}
	if on.Name == "" {
		on = s.MetricsAPI.Object()
	}
	return []finding.Finding{ConfigUnread.On(on, "the rules of prometheus-adapter are not known: %s",
		cmp.Or(text.OneLine(a.Why), "its configuration has not been read")).Suggest("%s", ConfigUnread.Fix)}
}

func invalid(c *pipeline.Case) finding.Finding {
	return mistaken(c, ConfigInvalid, MistakesOf(c.Snapshot.Adapter.ParseError), fmt.Sprintf(
		"prometheus-adapter does not start with the configuration in key %s, and without it every metric disappears", c.Snapshot.Adapter.Key))
}

func relist(c *pipeline.Case) finding.Finding {
	return mistaken(c, RelistFails, c.Snapshot.Adapter.Config.RelistErrors(), "Prometheus refuses a seriesQuery, so that prometheus-adapter lists no metric at all")
}

func mistaken(c *pipeline.Case, r *finding.Reason, mistakes adapterconfig.Errors, text string) finding.Finding {
	a := &c.Snapshot.Adapter
	return r.On(a.ConfigMap, "%s: %s", text, finding.Text(nameMistakes(mistakes))).At(field(a, mistakes[0].Path)).WithFix(fixMistakes(c, mistakes))
}

// MistakesOf are the single mistakes of an error of [adapterconfig.Parse].
func MistakesOf(err error) adapterconfig.Errors {
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
		named = append(named, text.OneLine(e.Error()))
	}
	return strings.Join(named, "; ")
}

// fixMistakes removes the rules with mistakes, which is only possible if all
// mistakes are in rules. Otherwise it is a sentence: nobody but their author
// knows what they were to mean.
func fixMistakes(c *pipeline.Case, mistakes adapterconfig.Errors) finding.Fix {
	a := &c.Snapshot.Adapter
	edit := ruleEdit{source: c.Source, metric: c.Subject.Metric, replace: -1, drop: map[int]string{}}
	for _, e := range mistakes {
		i, ok := e.Path.RuleIndex()
		if !ok {
			return correct(a, mistakes)
		}
		if edit.drop[i] == "" {
			edit.drop[i] = text.OneLine(e.Error())
		}
	}
	if fix, ok := edit.apply(a); ok {
		return fix
	}
	return correct(a, mistakes)
}

// correct is the sentence for mistakes that no manifest resolves.
func correct(a *pipeline.Adapter, mistakes adapterconfig.Errors) finding.Fix {
	what := cmp.Or(mistakes[0].Path.String(), "the document")
	switch {
	case mistakes[0].Kind == adapterconfig.ErrorIntervals:
		return finding.Fix{Summary: fmt.Sprintf("Give %s a --metrics-max-age that is not less than its --metrics-relist-interval", process(a))}
	case len(mistakes) > 1:
		what = fmt.Sprintf("these %d mistakes", len(mistakes))
	}
	return finding.Fix{Summary: fmt.Sprintf("Correct %s in key %s of %s, then restart the adapter", what, a.Key, a.ConfigMap), Commands: restart(a)}
}

func process(a *pipeline.Adapter) string {
	if a.Deployment.Name == "" {
		return "the adapter"
	}
	return a.Deployment.String()
}

// restart is the command that restarts the adapter; none if what runs it is not
// known.
func restart(a *pipeline.Adapter) []string {
	switch d := a.Deployment; d.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		return []string{fmt.Sprintf("kubectl -n %s rollout restart %s/%s", d.Namespace, strings.ToLower(d.Kind), d.Name)}
	default:
		return nil
	}
}
