package extension

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons for which Kong Operator does not measure a Service.
var (
	Unknown = Hop.Reason("ExtensionUnknown", finding.Unknown, finding.ForObject,
		"Whether Kong Operator measures the Service could not be found out, because a kind is not installed or cannot be read.",
		"Install Kong Operator, or let kong-latency list and watch the kind that the message names.")
	Missing = Hop.Reason("ExtensionMissing", finding.Error, finding.ForObject,
		"The DataPlaneMetricsExtension that would name the Service does not exist.",
		"Apply the DataPlaneMetricsExtension that the finding prints.")
	InOtherNamespace = Hop.Reason("ExtensionInOtherNamespace", finding.Error, finding.ForObject,
		"The reference to the DataPlaneMetricsExtension has no namespace, so it means the one of the ControlPlane, and the extension is in another.",
		"Create the extension in the namespace of the ControlPlane, which is the Gateway's: apply what the finding prints.")
	ServiceNotListed = Hop.Reason("ExtensionServiceNotListed", finding.Error, finding.ForChange,
		"The DataPlaneMetricsExtension does not name the Service. Names are literal: neither patterns nor labels select.",
		"Add the Service to spec.serviceSelector.matchNames: apply the extension that the finding prints.")
	LatencyOff = Hop.Reason("ExtensionLatencyOff", finding.Error, finding.ForChange,
		"The DataPlaneMetricsExtension does not ask for latency, which is off by default.",
		"Set spec.config.latency to true: apply the extension that the finding prints.")
	NotReferenced = Hop.Reason("ExtensionNotReferenced", finding.Error, finding.ForChange,
		"The ControlPlane that serves the Service refers to no DataPlaneMetricsExtension.",
		"Refer to the extension in spec.extensions of the GatewayConfiguration, or of a ControlPlane that was made by hand.")
	GatewayConfigurationUnused = Hop.Reason("GatewayConfigurationUnused", finding.Error, finding.ForChange,
		"Only a GatewayConfiguration that no Gateway uses refers to the DataPlaneMetricsExtension.",
		"Name the GatewayConfiguration in spec.parametersRef of the GatewayClass, or in spec.infrastructure.parametersRef of the Gateway.")
	Several = Hop.Reason("SeveralExtensions", finding.Error, finding.ForChange,
		"A ControlPlane refers to more than one DataPlaneMetricsExtension. Kong Operator then stops reconciling it.",
		"List all Services in one extension, and refer to that one alone.")
	NotAccepted = Hop.Reason("ExtensionNotAccepted", finding.Error, finding.ForChange,
		"The ControlPlane's condition AcceptedExtensions is False.",
		"Fix what the condition's message says.")
	GatewayHybrid = Hop.Reason("GatewayHybrid", finding.Error, finding.ForChange,
		"The Gateway's control plane is in Konnect. Kong Operator then has no ControlPlane, and never processes a metrics extension.",
		"Serve the Service by a Gateway whose GatewayConfiguration has no spec.konnect.")
	GatewayInOtherNamespace = Hop.Reason("GatewayInOtherNamespace", finding.Error, finding.ForChange,
		"The ControlPlane that serves the Service is in another namespace. It measures Services of its own namespace only.",
		"Create a Gateway in the Service's namespace, and attach the Service's routes to it.")
	GatewayMissing = Hop.Reason("GatewayMissing", finding.Error, finding.ForObject,
		"There is neither a Gateway nor a ControlPlane of Kong Operator that could serve and measure the Service.",
		"Create a Gateway in the Service's namespace, with a GatewayConfiguration that refers to the extension.")
	Pending = Hop.Reason("ExtensionPending", finding.Warning, finding.ForObject,
		"The GatewayConfiguration refers to the extension, and the ControlPlane does not yet.",
		"Wait for Kong Operator. If it stays so, its log and the conditions of the Gateway say why.")
	Remote = Hop.Reason("ExtensionRemote", finding.Warning, finding.ForChange,
		"The reference names an extension in another namespace. That works, but Kong Operator does not notice when the extension changes.",
		"Keep the extension in the namespace of the ControlPlane and leave the namespace out of the reference.")
	ServiceInSeveral = Hop.Reason("ServiceInSeveralExtensions", finding.Warning, finding.ForChange,
		"Several ControlPlanes refer to different extensions that name the same Service. All of them write the one plugin of the Service.",
		"Let only the ControlPlane that serves the Service refer to an extension that names it.")
)
