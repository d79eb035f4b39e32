package status_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/reference"
	"github.com/kong-latency/kong-latency/internal/status"
)

// Every constant of a reason is documented, and none has the name of a finding's reason.
func TestEveryConditionReasonIsDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "status.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Reason") {
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				name, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Error(err)
				}
				declared[name] = true
			}
		}
		return true
	})
	if len(declared) == 0 {
		t.Fatal("found no constants")
	}
	findings := map[string]bool{}
	for _, r := range reference.Reasons() {
		findings[r.Name] = true
	}
	for _, r := range status.ConditionReasons() {
		if !declared[r.Name] {
			t.Errorf("%s is documented, and not declared", r.Name)
		}
		if findings[r.Name] {
			t.Errorf("%s is the reason of a finding as well", r.Name)
		}
		if r.Summary == "" {
			t.Errorf("%s has no summary", r.Name)
		}
		delete(declared, r.Name)
	}
	for name := range declared {
		t.Errorf("%s is not documented", name)
	}
}

// documented fails if a condition has a reason that is documented for others only.
func documented(t *testing.T, c metav1.Condition) {
	t.Helper()
	for _, r := range status.ConditionReasons() {
		if r.Name == c.Reason && (r.Status != c.Status || !slices.Contains(r.Conditions, c.Type)) {
			t.Errorf("%s is %s by %s, which is documented as %s of %v", c.Type, c.Status, c.Reason, r.Status, r.Conditions)
		}
	}
}
