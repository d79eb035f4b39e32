// Package policyapi tests the API of LatencyPolicy on a real API server: the shipped
// definition, its validation, its defaults and how kubectl shows it. It uses a bare
// control plane, on which the product does not run.
package policyapi

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

const definition = "latencypolicies.kong.latency"

var (
	cp    *controlplane.ControlPlane
	admin client.Client
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	err := start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the control plane:", err)
		code = 1
	} else {
		code = m.Run()
	}
	if cp != nil {
		if err := cp.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
			return 1
		}
	}
	return code
}

// start starts a control plane that serves the shipped definition. If it is
// accepted, its rules compile and are within the cost limits.
func start(ctx context.Context) (err error) {
	if cp, err = controlplane.Start(ctx, controlplane.Options{Bare: true}); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	builder := runtime.NewSchemeBuilder(v1alpha1.AddToScheme, apiextensionsv1.AddToScheme)
	if err := builder.AddToScheme(scheme); err != nil {
		return err
	}
	if admin, err = client.New(cp.Config(), client.Options{Scheme: scheme}); err != nil {
		return err
	}
	objects, err := controlplane.Render("config/crd")
	if err != nil {
		return err
	}
	for _, o := range objects {
		err := admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"))
		if err != nil {
			return fmt.Errorf("apply %s: %w", o.GetName(), err)
		}
	}
	discovered, err := discovery.NewDiscoveryClientForConfig(cp.Config())
	if err != nil {
		return err
	}
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		served := admin.List(ctx, &v1alpha1.LatencyPolicyList{}) == nil
		// The OpenAPI documents that kubectl uses are published later than the API.
		paths, err := discovered.OpenAPIV3().Paths()
		return served && paths["apis/"+v1alpha1.GroupVersion.String()] != nil, err
	})
}

// schema returns the schema of the live definition.
func schema(t *testing.T) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	g := gomega.NewWithT(t)
	crd := &apiextensionsv1.CustomResourceDefinition{}
	g.Expect(admin.Get(t.Context(), client.ObjectKey{Name: definition}, crd)).To(gomega.Succeed())
	g.Expect(crd.Spec.Versions).To(gomega.HaveLen(1))
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// policy returns a policy with this spec, in YAML.
func policy(t *testing.T, name, spec string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{}}
	raw, err := yaml.YAMLToJSON([]byte("spec:\n" + indent(spec)))
	if err == nil {
		// Decoded by unstructured, which distinguishes integers from fractions.
		err = o.UnmarshalJSON([]byte(fmt.Sprintf(`{"apiVersion":%q,"kind":"LatencyPolicy",%s`,
			v1alpha1.GroupVersion, strings.TrimPrefix(string(raw), "{"))))
	}
	if err != nil {
		t.Fatalf("decode %s: %v", spec, err)
	}
	o.SetName(name)
	return o
}

func indent(spec string) string {
	lines := strings.Split(strings.Trim(spec, "\n"), "\n")
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

// create creates a policy until the test ends, and returns the API server's answer.
// A field that the definition does not have is an error.
func create(t *testing.T, o client.Object) error {
	t.Helper()
	err := admin.Create(t.Context(), o, client.FieldValidation(metav1.FieldValidationStrict))
	if err == nil {
		t.Cleanup(func() {
			if err := admin.Delete(context.WithoutCancel(t.Context()), o); err != nil {
				t.Errorf("delete %s: %v", o.GetName(), err)
			}
		})
	}
	return err
}

// kubectl runs kubectl and returns what it prints.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cp.Binary("kubectl"), args...)
	cmd.Env = []string{"KUBECONFIG=" + cp.Kubeconfig(), "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("run kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
