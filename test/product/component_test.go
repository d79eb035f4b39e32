package product

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

func TestShippedComponents(t *testing.T) {
	objects, err := controlplane.Render(manifests)
	if err != nil {
		t.Fatal(err)
	}
	accounts := map[string]bool{}
	for _, o := range objects {
		if o.GetKind() == "ServiceAccount" {
			accounts[o.GetNamespace()+"/"+o.GetName()] = true
		}
	}
	for _, command := range []string{"webhook", "controller"} {
		c, err := findComponent(objects, command)
		if err != nil {
			t.Fatal(err)
		}
		if c.namespace != Namespace || c.args[0] != command {
			t.Errorf("%s: %+v", command, c)
		}
		if !accounts[c.namespace+"/"+c.account] {
			t.Errorf("%s runs under %s, which is not among the shipped service accounts %v", command, c.account, accounts)
		}
	}
}

func deployment(containers ...any) []*unstructured.Unstructured {
	return []*unstructured.Unstructured{
		{Object: map[string]any{"kind": "Service", "metadata": map[string]any{"name": "other"}}},
		{Object: map[string]any{"kind": "Deployment", "metadata": map[string]any{"namespace": "n", "name": "d"}, "spec": map[string]any{
			"template": map[string]any{"spec": map[string]any{"serviceAccountName": "a", "containers": containers}},
		}}},
	}
}

func TestFindComponent(t *testing.T) {
	run := func(args ...any) map[string]any { return map[string]any{"name": "c", "args": args} }
	tests := map[string]struct {
		objects []*unstructured.Unstructured
		want    component
		err     string
	}{
		"with its arguments": {objects: deployment(run("webhook", "--log-level=debug")),
			want: component{namespace: "n", account: "a", args: []string{"webhook", "--log-level=debug"}}},
		"of another":     {objects: deployment(run("controller")), err: "no Deployment runs kong-latency webhook"},
		"no arguments":   {objects: deployment(run()), err: "read Deployment d: want one container with a subcommand"},
		"two containers": {objects: deployment(run("webhook"), run("proxy")), err: "want one container"},
		"none":           {err: "no Deployment"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := findComponent(tt.objects, "webhook")
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(component{})); d != "" {
				t.Errorf("component (-want +got):\n%s", d)
			}
		})
	}
}
