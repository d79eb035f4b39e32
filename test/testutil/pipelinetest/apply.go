package pipelinetest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// fixMeta is what distinguishes the documents of a fix.
type fixMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"metadata"`
}

var (
	fixSeparator = regexp.MustCompile(`(?m)^---\n`)
	fixPlace     = regexp.MustCompile(`in the place of rules\[(\d+)\]`)
)

// Documents splits a fix into its documents; none if it is no YAML but a
// sentence.
func Documents(fix string) []string {
	var documents []string
	for _, d := range fixSeparator.Split(fix, -1) {
		var v any
		if err := yaml.Unmarshal([]byte(d), &v); err != nil {
			return nil
		}
		switch v := v.(type) {
		case nil: // comments alone
			continue
		case []any:
		case map[string]any:
			if v["kind"] == nil && v["rules"] == nil {
				return nil
			}
		default:
			return nil
		}
		documents = append(documents, d)
	}
	return documents
}

// Apply does to the snapshot what a person does with the YAML of a fix:
// kubectl apply, helm upgrade, or an edit of the adapter's rules. The adapter is
// assumed to be restarted after a change of its configuration.
func Apply(t *testing.T, s *pipeline.Snapshot, fix string) {
	t.Helper()
	documents := Documents(fix)
	if len(documents) == 0 {
		t.Fatalf("the fix is no YAML that anybody could apply:\n%s", fix)
	}
	for _, d := range documents {
		if err := fixApplyOne(s, []byte(d)); err != nil {
			t.Fatalf("apply: %v\n%s", err, d)
		}
	}
}

func fixApplyOne(s *pipeline.Snapshot, doc []byte) error {
	var list []any
	if yaml.Unmarshal(doc, &list) == nil {
		return fixPutRule(s, doc)
	}
	var meta fixMeta
	if err := yaml.Unmarshal(doc, &meta); err != nil {
		return err
	}
	if meta.Kind == "" {
		return fixHelmValues(s, doc)
	}
	if meta.APIVersion == "" || meta.Metadata.Namespace == "" || meta.Metadata.Name == "" {
		return fmt.Errorf("%s lacks apiVersion, namespace or name", meta.Kind)
	}
	switch meta.APIVersion + " " + meta.Kind {
	case "monitoring.coreos.com/v1 ServiceMonitor":
		var m monitoringv1.ServiceMonitor
		if err := yaml.UnmarshalStrict(doc, &m); err != nil {
			return err
		}
		fixPut(&s.ServiceMonitors, &m, func(m *monitoringv1.ServiceMonitor) string { return m.Namespace + "/" + m.Name })
		return nil
	case "gateway-operator.konghq.com/v1alpha1 DataPlaneMetricsExtension":
		return fixExtension(s, meta, doc)
	case "monitoring.coreos.com/v1 Prometheus": // names one field
		i := slices.IndexFunc(s.Prometheuses.Items, func(p *monitoringv1.Prometheus) bool {
			return p.Namespace == meta.Metadata.Namespace && p.Name == meta.Metadata.Name
		})
		if i < 0 {
			return fmt.Errorf("there is no Prometheus %s", meta.Metadata.Name)
		}
		p := s.Prometheuses.Items[i].DeepCopy()
		if err := yaml.UnmarshalStrict(doc, p); err != nil {
			return err
		}
		fixPut(&s.Prometheuses, p, func(p *monitoringv1.Prometheus) string { return p.Namespace + "/" + p.Name })
		return nil
	case "gateway.networking.k8s.io/v1 HTTPRoute":
		var r gatewayv1.HTTPRoute
		if err := yaml.UnmarshalStrict(doc, &r); err != nil {
			return err
		}
		fixPut(&s.HTTPRoutes, &r, func(r *gatewayv1.HTTPRoute) string { return r.Namespace + "/" + r.Name })
		return nil
	case "v1 ConfigMap":
		return fixConfigMap(s, meta, doc)
	default:
		return fmt.Errorf("no fix is known to make a %s of %s", meta.Kind, meta.APIVersion)
	}
}

// fixPut replaces the item of the same key, or adds one, in a copy of the set.
func fixPut[T any](set *pipeline.Set[T], item T, key func(T) string) {
	items := slices.DeleteFunc(slices.Clone(set.Items), func(x T) bool { return key(x) == key(item) })
	items = append(items, item)
	slices.SortFunc(items, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	set.Items = items
}

func fixExtension(s *pipeline.Snapshot, meta fixMeta, doc []byte) error {
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(doc, &u.Object); err != nil {
		return err
	}
	e := pipeline.Extension{Namespace: meta.Metadata.Namespace, Name: meta.Metadata.Name, Manifest: u}
	names, _, err := unstructured.NestedSlice(u.Object, "spec", "serviceSelector", "matchNames")
	if err != nil {
		return err
	}
	for _, n := range names {
		entry, _ := n.(map[string]any)
		name, _ := entry["name"].(string)
		e.Services = append(e.Services, name)
	}
	if e.Latency, _, err = unstructured.NestedBool(u.Object, "spec", "config", "latency"); err != nil {
		return err
	}
	fixPut(&s.Extensions, e, func(e pipeline.Extension) string { return e.Namespace + "/" + e.Name })
	return nil
}

// fixConfigMap is a new configuration of the adapter, whole.
func fixConfigMap(s *pipeline.Snapshot, meta fixMeta, doc []byte) error {
	object := finding.Object{Kind: "ConfigMap", Namespace: meta.Metadata.Namespace, Name: meta.Metadata.Name}
	if object != s.Adapter.ConfigMap {
		return fmt.Errorf("%s, and the adapter reads %s", object, s.Adapter.ConfigMap)
	}
	if s.Adapter.HelmRelease != "" {
		return fmt.Errorf("%s belongs to Helm, which will undo the change", object)
	}
	var cm struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.Unmarshal(doc, &cm); err != nil {
		return err
	}
	config, ok := cm.Data[s.Adapter.Key]
	if !ok {
		return fmt.Errorf("a ConfigMap without the key %s", s.Adapter.Key)
	}
	return fixConfigure(s, config)
}

// fixHelmValues are values of the adapter's chart. The chart writes its own rules,
// then the list rules.custom, which replaces the one before; all other
// values are as they were.
func fixHelmValues(s *pipeline.Snapshot, doc []byte) error {
	var values struct {
		Rules struct {
			Custom []any `yaml:"custom"`
		} `yaml:"rules"`
	}
	if err := yamlv3.Unmarshal(doc, &values); err != nil {
		return err
	}
	config := map[string]any{}
	if err := yamlv3.Unmarshal([]byte(s.Adapter.Document), &config); err != nil {
		return err
	}
	var rules []any
	if strings.HasPrefix(s.Adapter.Document, "rules:\n"+ChartDocument) {
		rules = config["rules"].([]any)[:6]
	}
	config["rules"] = append(rules, values.Rules.Custom...)
	raw, err := yamlv3.Marshal(config)
	if err != nil {
		return err
	}
	return fixConfigure(s, string(raw))
}

// fixPutRule puts a rule where the comment above it says: at the end of the
// list, or in the place of another.
func fixPutRule(s *pipeline.Snapshot, doc []byte) error {
	var rules, added []any
	for i := range s.Adapter.Config.Len() {
		rules = append(rules, s.Adapter.Config.Rule(i))
	}
	if err := yamlv3.Unmarshal(doc, &added); err != nil {
		return err
	}
	if m := fixPlace.FindSubmatch(doc); m != nil {
		i, err := strconv.Atoi(string(m[1]))
		if err != nil || i >= len(rules) {
			return fmt.Errorf("there is no rules[%s]", m[1])
		}
		rules = slices.Replace(rules, i, i+1, added...)
	} else {
		rules = append(rules, added...)
	}
	known := s.Adapter.Document
	if err := fixConfigure(s, generator.AdapterConfig(rules...)); err != nil {
		return err
	}
	if known == "" {
		s.Adapter.Document = ""
	}
	return nil
}

func fixConfigure(s *pipeline.Snapshot, config string) error {
	Configure(&s.Adapter, config)
	s.Adapter.Pending = false
	return s.Adapter.ParseError
}
