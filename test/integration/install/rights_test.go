package install

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

var update = flag.Bool("update", false, "write the files that results are compared with")

const rightsFile = "testdata/rights.txt"

// TestRights lists what each shipped account may do, according to the API server, and
// compares it with the reviewed list:
//
//	go test ./test/integration/install -run TestRights -update
func TestRights(t *testing.T) {
	g := newG(t)
	before := takeInventory(t, g)
	kubectl(t, "apply", "-k", "config/default")
	t.Cleanup(func() { kubectlAfter(t, "delete", "-k", "config/default", "--ignore-not-found") })

	var out strings.Builder
	out.WriteString("# What the shipped accounts may do, beyond what every account may. TestRights\n" +
		"# writes this file with -update; a change of it is a change of our rights.\n")
	for _, account := range []string{"kong-latency-controller", "kong-latency-webhook"} {
		for _, in := range []string{"default", namespace} { // rights take effect a moment after they are granted
			g.Eventually(func() []string { return minus(rights(t, account, in), rights(t, "default", in)) }).ShouldNot(gomega.BeEmpty())
		}
		everywhere := minus(rights(t, account, "default"), rights(t, "default", "default"))
		home := minus(minus(rights(t, account, namespace), rights(t, "default", namespace)), everywhere)
		fmt.Fprintf(&out, "\n%s, in every namespace:\n%s", account, list(everywhere))
		fmt.Fprintf(&out, "\n%s, in its namespace also:\n%s", account, list(home))
	}

	kubectl(t, "delete", "-k", "config/default")
	expectNothingLeft(t, g, before)
	if *update {
		if err := os.WriteFile(rightsFile, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(rightsFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("rights are others than those in %s (-want +got):\n%s", rightsFile, d)
	}
}

// rights returns what an account of the product's namespace may do in a namespace, one
// line for each resource or path.
func rights(t *testing.T, account, in string) []string {
	t.Helper()
	config := cp.Config()
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":" + account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	review := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: in}}
	review, err = clients.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if review.Status.Incomplete {
		t.Fatalf("the API server does not know all rights of %s: %s", account, review.Status.EvaluationError)
	}
	var out []string
	for _, r := range review.Status.ResourceRules {
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				name := strings.TrimSuffix(resource+"."+group, ".")
				line := fmt.Sprintf("  %s: %s", name, strings.Join(slices.Sorted(slices.Values(r.Verbs)), ", "))
				if len(r.ResourceNames) > 0 {
					line += " of " + strings.Join(slices.Sorted(slices.Values(r.ResourceNames)), ", ")
				}
				out = append(out, line)
			}
		}
	}
	for _, r := range review.Status.NonResourceRules {
		out = append(out, fmt.Sprintf("  %s: %s", strings.Join(r.NonResourceURLs, ", "), strings.Join(r.Verbs, ", ")))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func minus(lines, taken []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(taken, l) })
}

func list(lines []string) string {
	if len(lines) == 0 {
		return "  nothing\n"
	}
	return strings.Join(lines, "\n") + "\n"
}
