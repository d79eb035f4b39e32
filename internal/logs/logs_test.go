package logs_test

import (
	"encoding/json"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kong-latency/kong-latency/internal/logs"
)

// Programs find every line by its message, and its values by their keys.
func TestLinesAreTheirDeclarations(t *testing.T) {
	messages, helps := sets.New[string](), map[string]string{}
	for _, l := range logs.All() {
		if messages.Has(l.Message) || l.When == "" || l.Process == "" {
			t.Errorf("%q is there twice, or not documented", l.Message)
		}
		messages.Insert(l.Message)
		want := map[string]any{"msg": l.Message}
		var values []any
		for _, k := range l.Keys {
			if k.Help == "" || want[k.Name] != nil {
				t.Errorf("%s: key %q is there twice, or not documented", l.Message, k.Name)
			}
			if help, there := helps[k.Name]; there && help != k.Help {
				t.Errorf("%s: key %q means something else than in other lines", l.Message, k.Name)
			}
			helps[k.Name] = k.Help
			want[k.Name] = "value of " + k.Name
			values = append(values, want[k.Name])
		}
		var got map[string]any
		l.Log(funcr.NewJSON(func(line string) {
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
		}, funcr.Options{}), append(values, "one too many")...)
		delete(got, "logger")
		delete(got, "level")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", l.Message, diff)
		}
	}
}

// The API server drops annotations whose keys are not qualified names.
func TestKeysOfAuditAnnotations(t *testing.T) {
	for _, a := range logs.Annotations() {
		if wrong := validation.IsQualifiedName("deployments.mutate.kong.latency/" + a.Key); len(wrong) > 0 || a.Help == "" {
			t.Errorf("%q is not documented, or: %v", a.Key, wrong)
		}
	}
}
