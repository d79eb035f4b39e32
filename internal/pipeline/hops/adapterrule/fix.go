package adapterrule

import (
	"fmt"
	"slices"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/manifest"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// maxFixDocument bounds the configurations that a fix repeats, in bytes. Nobody
// reads more in a terminal, and evaluation must not become slow.
const maxFixDocument = 16 << 10

// ruleEdit is what becomes of the adapter's rules so that they make a metric.
type ruleEdit struct {
	source pipeline.Source
	metric string
	// window is what the rule averages over; empty for the default.
	window string
	// replace is the index of the rule that is replaced; -1 appends the new one, so that
	// it wins.
	replace int
	// drop are rules to comment out, by index, and why. One that was to make the metric
	// is replaced instead.
	drop map[int]string
}

// fix is the edit as manifests or values, or the rule to be inserted by hand if the
// configuration is too long or not known.
func (e ruleEdit) fix(a *pipeline.Adapter) finding.Fix {
	if fix, ok := e.apply(a); ok {
		return fix
	}
	place := "at the end of"
	if e.replace >= 0 {
		place = fmt.Sprintf("in the place of the rule that makes %s in", e.metric)
	}
	fix := finding.Fix{Insert: []any{e.rule()}}
	if a.HelmRelease != "" {
		fix.Summary = fmt.Sprintf("Put this %s the list rules.custom in the values of Helm release %s.", place, a.HelmRelease)
		return fix
	}
	restart, commands := restartAfterwards(a)
	fix.Summary = fmt.Sprintf("Put this %s the list rules in key %s of %s.\n%s", place, a.Key, a.ConfigMap, restart)
	fix.Commands = commands
	return fix
}

func (e ruleEdit) rule() any { return e.source.AdapterRule(e.metric, e.window) }

// apply makes the whole ConfigMap, or the values if Helm owns it. It is false if
// the document cannot be edited.
func (e ruleEdit) apply(a *pipeline.Adapter) (finding.Fix, bool) {
	if a.Document == "" && (a.Config == nil || a.Config.Len() > 0) {
		return finding.Fix{}, false // there is one, and it is not known
	}
	root, rules := configNodes(a.Document)
	if rules == nil {
		return finding.Fix{}, false
	}
	rule := &yamlv3.Node{}
	if err := rule.Encode(e.rule()); err != nil {
		return finding.Fix{}, false
	}
	if a.HelmRelease != "" {
		custom := len(chartRules(rules.Content))
		out, left := e.edit(rules.Content, rule, custom)
		return finding.Fix{Notes: left, HelmValues: &finding.HelmValues{
			Release: a.HelmRelease, Namespace: a.ConfigMap.Namespace, Chart: "prometheus-community/prometheus-adapter",
			Values: mappingNode("rules", mappingNode("custom", &yamlv3.Node{Kind: yamlv3.SequenceNode, Content: out})),
		}}, true
	}
	out, left := e.edit(rules.Content, rule, 0)
	rules.Kind, rules.Tag, rules.Value, rules.Style, rules.Content = yamlv3.SequenceNode, "!!seq", "", 0, out
	fix := finding.Apply(generator.AdapterConfigMap(a.ConfigMap.Namespace, a.ConfigMap.Name, a.Key, manifest.Encode(root)))
	fix.Summary, fix.Commands = restartAfterwards(a)
	fix.Notes = left
	return fix, true
}

// edit is the list after the edit, from an index on, and notes of the rules that were
// left out. These stay as comments, so that nothing of the user's is lost.
func (e ruleEdit) edit(rules []*yamlv3.Node, rule *yamlv3.Node, from int) (out []*yamlv3.Node, left []string) {
	there := false // a rule that makes the metric
	var comments []string
	add := func(n *yamlv3.Node) {
		if n.HeadComment != "" {
			comments = append(comments, n.HeadComment)
		}
		n.HeadComment = strings.Join(comments, "\n")
		out, comments = append(out, n), nil
	}
	for i, r := range rules[from:] {
		i += from
		why, dropped := e.drop[i]
		same := specOf(r).Name.As == e.metric
		switch {
		case i == e.replace, dropped && same && !there:
			add(rule)
			there = true
		case dropped:
			text := manifest.Encode(&yamlv3.Node{Kind: yamlv3.SequenceNode, Content: []*yamlv3.Node{r}})
			left = append(left, fmt.Sprintf("Commented out is rules[%d], for %s", i, why))
			comments = append(comments, "# Commented out: "+why+"\n# "+strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n# "))
		default:
			add(r)
			there = there || same && len(e.drop) > 0
		}
	}
	if !there {
		add(rule)
	}
	if len(comments) > 0 {
		// A comment behind the last entry would be encoded with an empty line before it.
		last := out[len(out)-1]
		last.HeadComment = strings.TrimPrefix(last.HeadComment+"\n"+strings.Join(comments, "\n"), "\n")
	}
	return out, left
}

// chartRules are those at the beginning that prometheus-adapter's chart makes
// automatically with rules.default. They do not belong into rules.custom.
func chartRules(rules []*yamlv3.Node) []*yamlv3.Node {
	const each = 3 // rules of either query
	queries := []string{
		`{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}`,
		`{namespace!="",__name__!~"^container_.*"}`,
	}
	if len(rules) < each*len(queries) {
		return nil
	}
	for i := range each * len(queries) {
		if specOf(rules[i]).SeriesQuery != queries[i/each] {
			return nil
		}
	}
	return rules[:each*len(queries)]
}

// restartAfterwards says that the adapter must be restarted, with the command if there
// is one.
func restartAfterwards(a *pipeline.Adapter) (summary string, commands []string) {
	const why = "The adapter reads its configuration only once; "
	if commands = restart(a); len(commands) == 0 {
		return why + "delete its pods in namespace " + a.ConfigMap.Namespace + " afterwards.", nil
	}
	return why + "restart it afterwards:", commands
}

// configNodes is a configuration as a tree that keeps comments and style, and its
// list rules, which is added where there is none. Both are nil if it cannot be
// edited; nodes that refer to other places cannot be moved.
func configNodes(document string) (root, rules *yamlv3.Node) {
	if len(document) > maxFixDocument {
		return nil, nil
	}
	var n yamlv3.Node
	if err := yamlv3.Unmarshal([]byte(document), &n); err != nil || hasAlias(&n) {
		return nil, nil
	}
	if len(n.Content) == 0 || n.Content[0].Tag == "!!null" {
		rules = &yamlv3.Node{Kind: yamlv3.SequenceNode}
		return mappingNode("rules", rules), rules
	}
	top := n.Content[0]
	if top.Kind != yamlv3.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(top.Content) && rules == nil; i += 2 {
		if top.Content[i].Value == "rules" {
			rules = top.Content[i+1]
		}
	}
	if rules == nil {
		rules = &yamlv3.Node{Kind: yamlv3.SequenceNode}
		top.Content = append(top.Content, mappingNode("rules", rules).Content...)
	}
	if rules.Kind != yamlv3.SequenceNode && rules.Tag != "!!null" {
		return nil, nil
	}
	return &n, rules
}

func hasAlias(n *yamlv3.Node) bool {
	return n.Kind == yamlv3.AliasNode || slices.ContainsFunc(n.Content, hasAlias)
}

func mappingNode(key string, value *yamlv3.Node) *yamlv3.Node {
	return &yamlv3.Node{Kind: yamlv3.MappingNode, Content: []*yamlv3.Node{{Kind: yamlv3.ScalarNode, Value: key}, value}}
}

// specOf is an entry as it is written, as far as it is one.
func specOf(n *yamlv3.Node) (spec adapterconfig.RuleSpec) {
	_ = n.Decode(&spec) // the fields that are not of their type are empty
	return spec
}
