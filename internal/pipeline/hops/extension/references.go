package extension

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/topology"
)

// defaultName is the name of an extension that a fix makes where nothing
// calls for another.
const defaultName = "kong-latency"

// unreferred is what is wrong if a ControlPlane refers to no metrics
// extension: that, and what is wrong with the extension it should refer to.
func unreferred(t *topology.Topology, a topology.Attachment, subject pipeline.Subject) []finding.Finding {
	e := extensionFor(t, subject)
	if e == nil {
		missing := Missing.On(subject.Object(),
			"no DataPlaneMetricsExtension of namespace %s names Service %s", subject.Namespace, subject.Service).
			WithFix(finding.Apply(generator.MetricsExtension(subject.Namespace, defaultName, subject.Service)))
		return []finding.Finding{missing, refer(a, defaultName)}
	}
	out := []finding.Finding{refer(a, e.Name)}
	if config := unusedConfig(t, *e); config != nil && a.Gateway != "" && a.Named == nil {
		out[0] = GatewayConfigurationUnused.On(config.Object(),
			"it refers to %s, and no Gateway uses it, so Gateway %s/%s is not measured", e.Object(), a.Namespace, a.Gateway).
			Suggest("%s", howToUse(t, a, *config))
	}
	return append(out, content(*e, subject)...)
}

// refer says that the ControlPlane should refer to the extension of that
// name, and where this is to be written.
func refer(a topology.Attachment, extension string) finding.Finding {
	message := fmt.Sprintf("it refers to no metrics extension in spec.extensions; DataPlaneMetricsExtension %s/%s is the one to refer to",
		a.Namespace, extension)
	if a.Config == nil && a.Lost != nil {
		message = fmt.Sprintf("its GatewayConfiguration %s does not exist, so nothing refers to DataPlaneMetricsExtension %s/%s",
			a.Lost, a.Namespace, extension)
	}
	entry := fmt.Sprintf("{group: %s, kind: %s, name: %s}", topology.OperatorGroup, topology.ExtensionKind, extension)
	f := NotReferenced.On(a.Holder, "%s", message).At(a.RefsField()...)
	switch {
	case a.Gateway == "":
		return f.Suggest("Add %s to spec.extensions of %s.", entry, a.Holder)
	case a.Config == nil && a.Lost != nil:
		return f.Suggest("Create GatewayConfiguration %s with %s in spec.extensions.", a.Lost, entry)
	case a.Named != nil:
		return f.Suggest("Add %s, once, to spec.extensions of %s (in version v2beta1: in v1beta1 an entry that is in two places is lost).",
			entry, a.WrittenIn())
	default:
		return f.Suggest("Create a GatewayConfiguration in namespace %s with %s in spec.extensions, and name it in spec.infrastructure.parametersRef of Gateway %s/%s.",
			a.Namespace, entry, a.Namespace, a.Gateway)
	}
}

// unusedConfig finds a GatewayConfiguration that refers to the extension
// and is used by no Gateway; nil if there is none or it cannot be known.
func unusedConfig(t *topology.Topology, e pipeline.Extension) *pipeline.GatewayConfiguration {
	if t.Gateways.State != pipeline.Known || t.GatewayClasses.State != pipeline.Known || t.GatewayConfigurations.State != pipeline.Known {
		return nil
	}
	var used []types.NamespacedName
	for _, g := range t.Gateways.Items {
		keys, _ := topology.ConfigKeys(t, g)
		used = append(used, keys...)
	}
	for i := range t.GatewayConfigurations.Items {
		config := &t.GatewayConfigurations.Items[i]
		if slices.Contains(used, topology.Key(config.Namespace, config.Name)) {
			continue
		}
		for _, ref := range topology.MetricsRefs(config.Extensions) {
			if ref.Name == e.Name && cmp.Or(ref.Namespace, e.Namespace) == e.Namespace {
				return config
			}
		}
	}
	return nil
}

// howToUse says how the Gateway comes to use the configuration. Its own
// reference cannot name another namespace; that of its class must name one.
func howToUse(t *topology.Topology, a topology.Attachment, config pipeline.GatewayConfiguration) string {
	if config.Namespace == a.Namespace {
		return fmt.Sprintf("Set spec.infrastructure.parametersRef of Gateway %s/%s to {group: %s, kind: %s, name: %s}.",
			a.Namespace, a.Gateway, topology.OperatorGroup, topology.ConfigKind, config.Name)
	}
	class := "the Gateway's GatewayClass"
	if g := t.GatewayAt[topology.Key(a.Namespace, a.Gateway)]; g != nil {
		class = "GatewayClass " + string(g.Spec.GatewayClassName)
	}
	return fmt.Sprintf("Set spec.parametersRef of %s to {group: %s, kind: %s, namespace: %s, name: %s}.",
		class, topology.OperatorGroup, topology.ConfigKind, config.Namespace, config.Name)
}

// several is about a ControlPlane with several metrics references.
func several(t *topology.Topology, a topology.Attachment, subject pipeline.Subject) finding.Finding {
	var refs []string
	var naming int
	for _, ref := range a.Refs {
		key := a.Target(ref)
		refs = append(refs, key.String())
		if e := t.ExtensionAt[key]; e != nil && slices.Contains(e.Services, subject.Service) {
			naming++
		}
	}
	also := ""
	if naming > 1 {
		also = fmt.Sprintf(", several of which name Service %s", subject.Service)
	}
	return Several.On(a.Holder,
		"it refers to %d metrics extensions (%s)%s; Kong Operator accepts one and stops reconciling the ControlPlane",
		len(refs), strings.Join(refs, ", "), also).
		At(a.RefsField()...).
		Suggest("List all Services in %s and take the other references out of spec.extensions of %s.", refs[0], a.WrittenIn())
}

// notFound is about a reference to what does not exist.
func notFound(t *topology.Topology, a topology.Attachment, key types.NamespacedName, ref pipeline.ExtensionRef, subject pipeline.Subject) finding.Finding {
	services := []string{subject.Service}
	if ref.Namespace == "" {
		for _, e := range t.Extensions.Items {
			if e.Name != ref.Name {
				continue
			}
			for _, name := range e.Services {
				if !slices.Contains(services, name) {
					services = append(services, name)
				}
			}
			return InOtherNamespace.On(e.Object(),
				"%s refers to it without a namespace, which means namespace %s, where it is not", a.Holder, key.Namespace).
				At("metadata", "namespace").
				WithFix(finding.Apply(generator.MetricsExtension(key.Namespace, key.Name, services...)))
		}
	}
	return Missing.On(a.Holder,
		"it refers to DataPlaneMetricsExtension %s, which does not exist", key).
		At(a.RefsField()...).
		WithFix(finding.Apply(generator.MetricsExtension(key.Namespace, key.Name, services...)))
}

// extensionFor is the extension of the Service's namespace to which its
// ControlPlane should refer: the one that names it, else the first; nil if there
// is none.
func extensionFor(t *topology.Topology, subject pipeline.Subject) *pipeline.Extension {
	var first *pipeline.Extension
	for i := range t.Extensions.Items {
		e := &t.Extensions.Items[i]
		if e.Namespace != subject.Namespace {
			continue
		}
		if slices.Contains(e.Services, subject.Service) {
			return e
		}
		if first == nil {
			first = e
		}
	}
	return first
}

// corrected is the extension with the Service named and latency on.
func corrected(e pipeline.Extension, subject pipeline.Subject) *unstructured.Unstructured {
	names := slices.Clone(e.Services)
	if !slices.Contains(names, subject.Service) {
		names = append(names, subject.Service)
	}
	wanted := generator.MetricsExtension(e.Namespace, e.Name, names...)
	if e.Manifest == nil {
		return wanted
	}
	corrected := e.Manifest.DeepCopy()
	matchNames, _, _ := unstructured.NestedSlice(wanted.Object, "spec", "serviceSelector", "matchNames")
	if unstructured.SetNestedSlice(corrected.Object, matchNames, "spec", "serviceSelector", "matchNames") != nil ||
		unstructured.SetNestedField(corrected.Object, true, "spec", "config", "latency") != nil {
		return wanted // what is there is no extension
	}
	return corrected
}
