package extension

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons for which Kong Operator does not measure a Service.
var (
	Unknown = &finding.Reason{
		Name: "ExtensionUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "Whether Kong Operator measures the Service could not be found out, because a kind is not installed or cannot be read.",
		Fix:     "Install Kong Operator, or let kong-latency list and watch the kind that the message names.",
	}
	Missing = &finding.Reason{
		Name: "ExtensionMissing", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The DataPlaneMetricsExtension that would name the Service does not exist.",
		Fix:     "Apply the DataPlaneMetricsExtension that the finding prints.",
	}
	InOtherNamespace = &finding.Reason{
		Name: "ExtensionInOtherNamespace", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The reference to the DataPlaneMetricsExtension has no namespace, so it means the one of the ControlPlane, and the extension is in another.",
		Fix:     "Create the extension in the namespace of the ControlPlane, which is the Gateway's: apply what the finding prints.",
	}
	ServiceNotListed = &finding.Reason{
		Name: "ExtensionServiceNotListed", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The DataPlaneMetricsExtension does not name the Service. Names are literal: neither patterns nor labels select.",
		Fix:     "Add the Service to spec.serviceSelector.matchNames: apply the extension that the finding prints.",
	}
	LatencyOff = &finding.Reason{
		Name: "ExtensionLatencyOff", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The DataPlaneMetricsExtension does not ask for latency, which is off by default.",
		Fix:     "Set spec.config.latency to true: apply the extension that the finding prints.",
	}
	NotReferenced = &finding.Reason{
		Name: "ExtensionNotReferenced", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ControlPlane that serves the Service refers to no DataPlaneMetricsExtension.",
		Fix:     "Refer to the extension in spec.extensions of the GatewayConfiguration, or of a ControlPlane that was made by hand.",
	}
	GatewayConfigurationUnused = &finding.Reason{
		Name: "GatewayConfigurationUnused", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "Only a GatewayConfiguration that no Gateway uses refers to the DataPlaneMetricsExtension.",
		Fix:     "Name the GatewayConfiguration in spec.parametersRef of the GatewayClass, or in spec.infrastructure.parametersRef of the Gateway.",
	}
	Several = &finding.Reason{
		Name: "SeveralExtensions", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "A ControlPlane refers to more than one DataPlaneMetricsExtension. Kong Operator then stops reconciling it.",
		Fix:     "List all Services in one extension, and refer to that one alone.",
	}
	NotAccepted = &finding.Reason{
		Name: "ExtensionNotAccepted", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ControlPlane's condition AcceptedExtensions is False.",
		Fix:     "Fix what the condition's message says.",
	}
	GatewayHybrid = &finding.Reason{
		Name: "GatewayHybrid", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The Gateway's control plane is in Konnect. Kong Operator then has no ControlPlane, and never processes a metrics extension.",
		Fix:     "Serve the Service by a Gateway whose GatewayConfiguration has no spec.konnect.",
	}
	GatewayInOtherNamespace = &finding.Reason{
		Name: "GatewayInOtherNamespace", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ControlPlane that serves the Service is in another namespace. It measures Services of its own namespace only.",
		Fix:     "Create a Gateway in the Service's namespace, and attach the Service's routes to it.",
	}
	GatewayMissing = &finding.Reason{
		Name: "GatewayMissing", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "There is neither a Gateway nor a ControlPlane of Kong Operator that could serve and measure the Service.",
		Fix:     "Create a Gateway in the Service's namespace, with a GatewayConfiguration that refers to the extension.",
	}
	Pending = &finding.Reason{
		Name: "ExtensionPending", Severity: finding.Warning, Wait: finding.ForObject, Hop: Hop,
		Summary: "The GatewayConfiguration refers to the extension, and the ControlPlane does not yet.",
		Fix:     "Wait for Kong Operator. If it stays so, its log and the conditions of the Gateway say why.",
	}
	Remote = &finding.Reason{
		Name: "ExtensionRemote", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The reference names an extension in another namespace. That works, but Kong Operator does not notice when the extension changes.",
		Fix:     "Keep the extension in the namespace of the ControlPlane and leave the namespace out of the reference.",
	}
	ServiceInSeveral = &finding.Reason{
		Name: "ServiceInSeveralExtensions", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "Several ControlPlanes refer to different extensions that name the same Service. All of them write the one plugin of the Service.",
		Fix:     "Let only the ControlPlane that serves the Service refer to an extension that names it.",
	}
)

// Reasons lists what the hop can find.
func (hop) Reasons() []*finding.Reason {
	return []*finding.Reason{
		Unknown, GatewayMissing, GatewayHybrid, GatewayInOtherNamespace,
		GatewayConfigurationUnused, NotReferenced, Several,
		Missing, InOtherNamespace, NotAccepted,
		ServiceNotListed, LatencyOff,
		Pending, Remote, ServiceInSeveral,
	}
}
