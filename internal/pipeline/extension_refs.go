package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// extensionDefaultName is the name of an extension that a fix makes where nothing
// calls for another.
const extensionDefaultName = "kong-latency"

// extensionUnreferred is what is wrong if a ControlPlane refers to no metrics
// extension: that, and what is wrong with the extension it should refer to.
func extensionUnreferred(t *topology, a gatewayAttachment, subject Subject) []finding.Finding {
	e := extensionFor(t, subject)
	if e == nil {
		missing := ExtensionMissing.On(subject.Object(),
			"no DataPlaneMetricsExtension of namespace %s names Service %s", subject.Namespace, subject.Service).
			WithFix(finding.Apply(generator.MetricsExtension(subject.Namespace, extensionDefaultName, subject.Service)))
		return []finding.Finding{missing, extensionRefer(a, extensionDefaultName)}
	}
	out := []finding.Finding{extensionRefer(a, e.Name)}
	if config := extensionUnusedConfig(t, *e); config != nil && a.gateway != "" && a.named == nil {
		out[0] = GatewayConfigurationUnused.On(config.Object(),
			"it refers to %s, and no Gateway uses it, so Gateway %s/%s is not measured", e.Object(), a.namespace, a.gateway).
			Suggest("%s", extensionUse(t, a, *config))
	}
	return append(out, extensionContent(*e, subject)...)
}

// extensionRefer says that the ControlPlane should refer to the extension of that
// name, and where this is to be written.
func extensionRefer(a gatewayAttachment, extension string) finding.Finding {
	message := fmt.Sprintf("it refers to no metrics extension in spec.extensions; DataPlaneMetricsExtension %s/%s is the one to refer to",
		a.namespace, extension)
	if a.config == nil && a.lost != nil {
		message = fmt.Sprintf("its GatewayConfiguration %s does not exist, so nothing refers to DataPlaneMetricsExtension %s/%s",
			a.lost, a.namespace, extension)
	}
	entry := fmt.Sprintf("{group: %s, kind: %s, name: %s}", gatewayOperatorGroup, gatewayExtensionKind, extension)
	f := ExtensionNotReferenced.On(a.holder, "%s", message)
	switch {
	case a.gateway == "":
		return f.Suggest("Add %s to spec.extensions of %s.", entry, a.holder)
	case a.config == nil && a.lost != nil:
		return f.Suggest("Create GatewayConfiguration %s with %s in spec.extensions.", a.lost, entry)
	case a.named != nil:
		return f.Suggest("Add %s, once, to spec.extensions of %s (in version v2beta1: in v1beta1 an entry that stands in two places is lost).",
			entry, a.writtenIn())
	default:
		return f.Suggest("Create a GatewayConfiguration in namespace %s with %s in spec.extensions, and name it in spec.infrastructure.parametersRef of Gateway %s/%s.",
			a.namespace, entry, a.namespace, a.gateway)
	}
}

// extensionUnusedConfig finds a GatewayConfiguration that refers to the extension
// and is used by no Gateway; nil if there is none or it cannot be known.
func extensionUnusedConfig(t *topology, e Extension) *GatewayConfiguration {
	if t.Gateways.State != Known || t.GatewayClasses.State != Known || t.GatewayConfigurations.State != Known {
		return nil
	}
	var used []gatewayKey
	for _, g := range t.Gateways.Items {
		keys, _ := gatewayConfigKeys(t, g)
		used = append(used, keys...)
	}
	for i := range t.GatewayConfigurations.Items {
		config := &t.GatewayConfigurations.Items[i]
		if slices.Contains(used, gatewayKey{config.Namespace, config.Name}) {
			continue
		}
		for _, ref := range gatewayMetricsRefs(config.Extensions) {
			if ref.Name == e.Name && cmp.Or(ref.Namespace, e.Namespace) == e.Namespace {
				return config
			}
		}
	}
	return nil
}

// extensionUse says how the Gateway comes to use the configuration. Its own
// reference cannot name another namespace; that of its class must name one.
func extensionUse(t *topology, a gatewayAttachment, config GatewayConfiguration) string {
	if config.Namespace == a.namespace {
		return fmt.Sprintf("Set spec.infrastructure.parametersRef of Gateway %s/%s to {group: %s, kind: %s, name: %s}.",
			a.namespace, a.gateway, gatewayOperatorGroup, gatewayConfigKind, config.Name)
	}
	class := "the Gateway's GatewayClass"
	if g := t.gateways[gatewayKey{a.namespace, a.gateway}]; g != nil {
		class = "GatewayClass " + string(g.Spec.GatewayClassName)
	}
	return fmt.Sprintf("Set spec.parametersRef of %s to {group: %s, kind: %s, namespace: %s, name: %s}.",
		class, gatewayOperatorGroup, gatewayConfigKind, config.Namespace, config.Name)
}

// extensionSeveral is about a ControlPlane with several metrics references.
func extensionSeveral(t *topology, a gatewayAttachment, subject Subject) finding.Finding {
	var refs []string
	var naming int
	for _, ref := range a.refs {
		key := gatewayKey{cmp.Or(ref.Namespace, a.namespace), ref.Name}
		refs = append(refs, key.String())
		if e := t.extensions[key]; e != nil && slices.Contains(e.Services, subject.Service) {
			naming++
		}
	}
	also := ""
	if naming > 1 {
		also = fmt.Sprintf(", several of which name Service %s", subject.Service)
	}
	return SeveralExtensions.On(a.holder,
		"it refers to %d metrics extensions (%s)%s; Kong Operator accepts one and stops reconciling the ControlPlane",
		len(refs), strings.Join(refs, ", "), also).
		Suggest("List all Services in %s and take the other references out of spec.extensions of %s.", refs[0], a.writtenIn())
}

// writtenIn is the object in which a person writes the references.
func (a gatewayAttachment) writtenIn() finding.Object {
	switch {
	case a.gateway == "":
		return a.holder
	case a.config != nil:
		return a.config.Object()
	case a.named != nil:
		return GatewayConfiguration{Namespace: a.named.namespace, Name: a.named.name}.Object()
	}
	return a.holder
}

// extensionNotFound is about a reference to what does not exist.
func extensionNotFound(t *topology, a gatewayAttachment, key gatewayKey, ref ExtensionRef, subject Subject) finding.Finding {
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
			return ExtensionInOtherNamespace.On(e.Object(),
				"%s refers to it without a namespace, which means namespace %s, where it is not", a.holder, key.namespace).
				WithFix(finding.Apply(generator.MetricsExtension(key.namespace, key.name, services...)))
		}
	}
	return ExtensionMissing.On(a.holder,
		"it refers to DataPlaneMetricsExtension %s, which does not exist", key).
		WithFix(finding.Apply(generator.MetricsExtension(key.namespace, key.name, services...)))
}

// extensionFor is the extension of the Service's namespace to which its
// ControlPlane should refer: the one that names it, else the first; nil if there
// is none.
func extensionFor(t *topology, subject Subject) *Extension {
	var first *Extension
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

// extensionCorrected is the extension with the Service named and latency on.
func extensionCorrected(e Extension, subject Subject) *unstructured.Unstructured {
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
