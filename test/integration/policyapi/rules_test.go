package policyapi

import (
	"cmp"
	"errors"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ruleCase violates one CEL rule and nothing else.
type ruleCase struct {
	name string
	spec string
	// field is the field that the answer must name.
	field string
	// rule is the rule's message, which the answer must contain.
	rule string
	// says is the text in the answer if the message is computed from the values.
	says string
}

var index = regexp.MustCompile(`\[\d+\]`)

// key identifies the rule.
func (c ruleCase) key() string { return index.ReplaceAllString(c.field, "") + ": " + c.rule }

// causes returns the causes of a refusal, each with its field.
func causes(t *testing.T, err error) []metav1.StatusCause {
	t.Helper()
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) {
		t.Fatalf("want a refusal because of the policy's content, got: %v", err)
	}
	causes := status.Status().Details.Causes
	for i := range causes {
		causes[i].Message = olderWords.Replace(causes[i].Message)
	}
	return causes
}

// olderWords translates messages of API servers before 1.31 to the current ones.
var olderWords = strings.NewReplacer(
	"may not be longer than", "may not be more than",
	"map[string]interface {}", "",
)

func TestRules(t *testing.T) {
	for _, c := range ruleCases() {
		t.Run(c.name, func(t *testing.T) {
			got := causes(t, create(t, policy(t, "refused", c.spec)))
			if len(got) != 1 {
				t.Errorf("want one cause, got %d: %v", len(got), got)
			}
			says := cmp.Or(c.says, c.rule)
			for _, cause := range got {
				if cause.Field != c.field || !strings.Contains(cause.Message, says) {
					t.Errorf("got\n%s: %s\nwant\n%s: %s", cause.Field, cause.Message, c.field, says)
				}
			}
		})
	}
}

// TestEveryRuleHasACase compares the table with the definition.
func TestEveryRuleHasACase(t *testing.T) {
	declared := make(map[string]bool)
	spec := schema(t).Properties["spec"]
	add := func(path string, s *apiextensionsv1.JSONSchemaProps) {
		rules := s.XValidations
		if s.Items != nil && s.Items.Schema != nil {
			rules = append(rules, s.Items.Schema.XValidations...)
		}
		for _, r := range rules {
			declared[path+r.FieldPath+": "+r.Message] = true
		}
	}
	add("spec", &spec)
	fields("spec", &spec, add)
	if len(declared) < 40 {
		t.Errorf("the definition has %d rules only", len(declared))
	}
	tested := make(map[string]bool)
	for _, c := range ruleCases() {
		tested[c.key()] = true
		if !declared[c.key()] {
			t.Errorf("case %q is for a rule that the definition does not have:\n%s", c.name, c.key())
		}
	}
	for rule := range declared {
		if !tested[rule] {
			t.Errorf("no case breaks the rule\n%s", rule)
		}
	}
}
