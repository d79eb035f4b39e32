package install

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
)

// variant is one way to install the product.
type variant struct {
	name string
	// render returns the manifests.
	render func(*testing.T) string
}

func kustomized(folder string) variant {
	return variant{folder, func(t *testing.T) string {
		t.Helper()
		return kubectl(t, "kustomize", folder)
	}}
}

// templated renders the chart with values.
func templated(name string, values ...string) variant {
	return variant{"chart " + name, func(t *testing.T) string {
		t.Helper()
		args := []string{"template", "kong-latency", chart, "--namespace", namespace}
		for _, v := range values {
			args = append(args, "--set", v)
		}
		return helm(t, args...)
	}}
}

// everyValue sets every value that is empty or off by default.
var everyValue = []string{
	"image.digest=sha256:" + strings.Repeat("0123456789abcdef", 4), "imagePullSecrets={registry}", "logLevel=debug",
	"webhook.failurePolicy=Fail", "webhook.excludedNamespaces={kube-system,kube-public}", "webhook.replicas=3",
	"webhook.clientCA.configMap=authorities", "webhook.clientCA.names={kube-apiserver}",
	"webhook.nodeSelector.zone=a", "webhook.tolerations[0].operator=Exists", "webhook.extraArgs={--log-format=text}",
	"webhook.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey=zone", "webhook.podAnnotations.a=b",
	"controller.nodeSelector.zone=b", "controller.tolerations[0].operator=Exists", "controller.extraArgs={--workers=16}",
	"controller.priorityClassName=system-cluster-critical", "controller.podAnnotations.a=b",
	"pipeline.operatorService=kong-system/metrics", "pipeline.adapterConfigMap=default/rules",
	"networkPolicy.apiServerPorts={16443}", "networkPolicy.apiServerCIDRs={10.0.0.0/24,fd00::/64}", "networkPolicy.metricsNamespaces={monitoring}",
	"serviceMonitor.enabled=true", "serviceMonitor.labels.release=prometheus",
	"prometheusRule.enabled=true", "prometheusRule.labels.release=prometheus",
	"grafanaDashboard.enabled=true", "grafanaDashboard.labels.release=grafana",
	"crds.keep=true",
}

func variants() []variant {
	return []variant{
		kustomized("config/default"),
		kustomized("config/cert-manager"),
		kustomized("config/all-in-one"),
		kustomized("config/prometheus"),
		kustomized("config/grafana"),
		templated("as it is"),
		templated("all in one", "allInOne=true"),
		templated("with cert-manager", "certs.mode=cert-manager"),
		templated("with less", "networkPolicy.enabled=false", "crds.install=false", "webhook.priorityClassName="),
		templated("with every value", everyValue...),
	}
}

// TestVariantsFollowTheSchemas validates every variant with kubeconform against the
// schemas of this API server.
func TestVariantsFollowTheSchemas(t *testing.T) {
	location := filepath.Join(writeSchemas(t), schemaLocation)
	conform := func(t *testing.T, manifests string) error {
		t.Helper()
		_, err := command(t, manifests, "kubeconform", "-strict", "-schema-location", location, "-")
		return err
	}
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			if err := conform(t, v.render(t)); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("what does not", func(t *testing.T) {
		g := newG(t)
		manifests := kustomized("config/default").render(t)
		for _, slip := range [][2]string{
			{"maxUnavailable: 1", "maxUnavailble: 1"},
			{"failurePolicy: Ignore", "failurePolicy: [Ignore]"},
			{"kind: Lease", "kind: Leese"},
		} {
			g.Expect(manifests).To(gomega.ContainSubstring(slip[0]))
			g.Expect(conform(t, strings.ReplaceAll(manifests, slip[0], slip[1]))).NotTo(gomega.Succeed(), slip[1])
		}
	})
}

// TestVariantsAreAccepted applies every object of every variant in a dry run.
func TestVariantsAreAccepted(t *testing.T) {
	kubectl(t, "create", "namespace", namespace)
	t.Cleanup(func() { kubectlAfter(t, "delete", "namespace", namespace) })
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			must(t, v.render(t), "kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
		})
	}
}

// TestBadValuesAreRefused checks that unknown and invalid values are errors, not ignored.
func TestBadValuesAreRefused(t *testing.T) {
	g := newG(t)
	for _, value := range []string{
		"webhook.failurePolicy=fail", "webhook.replica=3", "replicas=3", "certs.mode=none", "logLevel=loud",
		"image.digest=latest", "pipeline.adapterConfigMap=rules", "networkPolicy.apiServerPorts={}",
		"networkPolicy.apiServerCIDRs={10.0.0.1}", "networkPolicy.metricsNamespaces={A}", "webhook.clientCA.file=x",
		"controller.extraArgs={workers}",
	} {
		_, err := command(t, "", "helm", "template", chart, "--set", value)
		g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring("values don't meet the specifications of the schema")), value)
	}
	helm(t, "lint", "--strict", chart)
}
