package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// autoscaler is a HorizontalPodAutoscaler that scales a Deployment.
func autoscaler(name, deployment string, edits ...func(*model.Autoscaler)) model.Autoscaler {
	a := model.Autoscaler{Kind: model.KindHPA, Namespace: "ns", Name: name, UID: "uid-" + name, Scales: model.Ref{Kind: "Deployment", Name: deployment}}
	for _, edit := range edits {
		edit(&a)
	}
	return a
}

func made(a *model.Autoscaler) {
	a.Created, a.Controller = true, model.Ref{Kind: "Deployment", Name: a.Scales.Name, UID: "u"}
}
func madeForFormer(a *model.Autoscaler) {
	made(a)
	a.Controller.UID = "former"
}
func orphaned(a *model.Autoscaler) { a.Created = true }
func unmarked(a *model.Autoscaler) {
	made(a)
	a.Created = false
}
func taken(a *model.Autoscaler)    { a.Adopted = true }
func deleting(a *model.Autoscaler) { a.Deleting = true }
func byKEDA(a *model.Autoscaler) {
	a.Controller = model.Ref{Kind: model.KindScaledObject, Name: "so", UID: "k"}
}

func scaledObject(deployment string) model.Autoscaler {
	return model.Autoscaler{Kind: model.KindScaledObject, Namespace: "ns", Name: "so", UID: "k", Scales: model.Ref{Kind: "Deployment", Name: deployment}}
}

func TestClaimOn(t *testing.T) {
	tests := map[string]struct {
		adopt   string
		there   []model.Autoscaler
		name    string
		managed string
		adopts  string
		stale   []string
		blocked bool
		reasons []string
	}{
		"no autoscaler":                        {name: "echo"},
		"managed":                              {there: []model.Autoscaler{autoscaler("echo", "echo", made)}, name: "echo", managed: "echo"},
		"managed, without its label":           {there: []model.Autoscaler{autoscaler("echo", "echo", unmarked)}, name: "echo", managed: "echo"},
		"managed, being deleted":               {there: []model.Autoscaler{autoscaler("echo", "echo", made, deleting)}, name: "echo"},
		"an orphan":                            {there: []model.Autoscaler{autoscaler("echo", "echo", orphaned)}, name: "echo", managed: "echo"},
		"an orphan that scales another":        {there: []model.Autoscaler{autoscaler("echo", "other", orphaned)}, name: "echo", blocked: true, reasons: []string{"NameTaken"}},
		"of a deleted Deployment":              {there: []model.Autoscaler{autoscaler("echo", "echo", madeForFormer)}, name: "echo"},
		"another's under the name":             {there: []model.Autoscaler{autoscaler("echo", "echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"another's under another name":         {there: []model.Autoscaler{autoscaler("old", "echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"two others":                           {there: []model.Autoscaler{autoscaler("a", "echo"), autoscaler("b", "echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler", "AnotherAutoscaler"}},
		"another's, being deleted":             {there: []model.Autoscaler{autoscaler("old", "echo", deleting)}, name: "echo"},
		"another's that scales something else": {there: []model.Autoscaler{autoscaler("old", "other")}, name: "echo"},
		"the name scales something else":       {there: []model.Autoscaler{autoscaler("echo", "other")}, name: "echo", blocked: true, reasons: []string{"NameTaken"}},
		"a second came after the managed":      {there: []model.Autoscaler{autoscaler("echo", "echo", made), autoscaler("late", "echo")}, name: "echo", managed: "echo", reasons: []string{"AnotherAutoscaler"}},
		"a ScaledObject":                       {there: []model.Autoscaler{scaledObject("echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"a ScaledObject and what it works by":  {there: []model.Autoscaler{scaledObject("echo"), autoscaler("keda-hpa-so", "echo", byKEDA)}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"a ScaledObject of another Deployment": {there: []model.Autoscaler{scaledObject("other")}, name: "echo"},
		"adopt":                                {adopt: "old", there: []model.Autoscaler{autoscaler("old", "echo")}, name: "old", adopts: "old"},
		"adopt one of the name":                {adopt: "echo", there: []model.Autoscaler{autoscaler("echo", "echo")}, name: "echo", adopts: "echo"},
		"adopt, and there is a third":          {adopt: "old", there: []model.Autoscaler{autoscaler("old", "echo"), autoscaler("older", "echo")}, name: "old", adopts: "old", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"adopt one beside the managed":         {adopt: "old", there: []model.Autoscaler{autoscaler("echo", "echo", made), autoscaler("old", "echo")}, name: "old", managed: "echo", adopts: "old", stale: []string{"echo"}},
		"adopted":                              {adopt: "old", there: []model.Autoscaler{autoscaler("old", "echo", taken)}, name: "old", managed: "old"},
		"adopted, and the one before is left":  {adopt: "old", there: []model.Autoscaler{autoscaler("echo", "echo", made), autoscaler("old", "echo", taken)}, name: "old", managed: "old", stale: []string{"echo"}},
		"adopted, and adopt was removed":       {there: []model.Autoscaler{autoscaler("old", "echo", taken)}, name: "old", managed: "old"},
		"adopted, and another is to be":        {adopt: "new", there: []model.Autoscaler{autoscaler("new", "echo"), autoscaler("old", "echo", taken)}, name: "new", managed: "old", adopts: "new", stale: []string{"old"}},
		"adopt the managed":                    {adopt: "echo", there: []model.Autoscaler{autoscaler("echo", "echo", made)}, name: "echo", managed: "echo"},
		"adopt one that does not exist":        {adopt: "old", name: "echo", reasons: []string{"AdoptedNotFound"}},
		"adopt one that is being deleted":      {adopt: "old", there: []model.Autoscaler{autoscaler("old", "echo", deleting)}, name: "echo", reasons: []string{"AdoptedNotFound"}},
		"adopt what scales something else":     {adopt: "old", there: []model.Autoscaler{autoscaler("old", "other")}, name: "echo", blocked: true, reasons: []string{"AdoptedScalesOther"}},
		"adopt what KEDA controls":             {adopt: "keda-hpa-so", there: []model.Autoscaler{autoscaler("keda-hpa-so", "echo", byKEDA)}, name: "echo", blocked: true, reasons: []string{"AdoptedControlled", "AnotherAutoscaler"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := model.Workload{Namespace: "ns", Name: "echo", UID: "u"}
			c := plan.ClaimOn(w, tt.adopt, model.StaticCatalog{Autoscalers: tt.there})
			got := []any{c.Name, nameOf(c.Managed), nameOf(c.Adopt), c.Blocked}
			if diff := cmp.Diff([]any{tt.name, tt.managed, tt.adopts, tt.blocked}, got); diff != "" {
				t.Errorf("name, managed, adopt, blocked (-want +got):\n%s", diff)
			}
			var stale []string
			for _, a := range c.Stale {
				stale = append(stale, a.Name)
			}
			if diff := cmp.Diff(tt.stale, stale); diff != "" {
				t.Errorf("stale (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.reasons, reasons(c.Findings)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s\n%v", diff, c.Findings)
			}
		})
	}
}

func nameOf(a *model.Autoscaler) string {
	if a == nil {
		return ""
	}
	return a.Name
}

// unreadable cannot read some kind.
type unreadable struct{ model.StaticCatalog }

func (u unreadable) AutoscalersOf(string) ([]model.Autoscaler, string) { return nil, "forbidden" }

func TestWhatCannotBeReadBlocksNothing(t *testing.T) {
	c := plan.ClaimOn(model.Workload{Namespace: "ns", Name: "echo"}, "", unreadable{})
	if diff := cmp.Diff([]string{"OtherAutoscalersUnknown"}, reasons(c.Findings)); diff != "" || c.Blocked {
		t.Errorf("blocked is %v; reasons (-want +got):\n%s", c.Blocked, diff)
	}
}
