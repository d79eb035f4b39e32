package target

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hpa is a HorizontalPodAutoscaler that scales a Deployment.
func hpa(name, deployment string, edits ...func(*Autoscaler)) Autoscaler {
	a := Autoscaler{Kind: KindHPA, Namespace: "ns", Name: name, UID: "uid-" + name, Scales: Ref{Kind: "Deployment", Name: deployment}}
	for _, edit := range edits {
		edit(&a)
	}
	return a
}

func made(a *Autoscaler) {
	a.MadeByUs, a.Controller = true, Ref{Kind: "Deployment", Name: a.Scales.Name, UID: "u"}
}
func madeForFormer(a *Autoscaler) {
	made(a)
	a.Controller.UID = "former"
}
func orphaned(a *Autoscaler) { a.MadeByUs = true }
func unmarked(a *Autoscaler) {
	made(a)
	a.MadeByUs = false
}
func taken(a *Autoscaler)    { a.Adopted = true }
func deleting(a *Autoscaler) { a.Deleting = true }
func byKEDA(a *Autoscaler)   { a.Controller = Ref{Kind: KindScaledObject, Name: "so", UID: "k"} }

func scaledObject(deployment string) Autoscaler {
	return Autoscaler{Kind: KindScaledObject, Namespace: "ns", Name: "so", UID: "k", Scales: Ref{Kind: "Deployment", Name: deployment}}
}

func TestClaimOn(t *testing.T) {
	tests := map[string]struct {
		adopt   string
		there   []Autoscaler
		name    string
		ours    string
		takes   string
		stale   []string
		blocked bool
		reasons []string
	}{
		"nothing is there":                      {name: "echo"},
		"ours":                                  {there: []Autoscaler{hpa("echo", "echo", made)}, name: "echo", ours: "echo"},
		"ours, whose label was taken away":      {there: []Autoscaler{hpa("echo", "echo", unmarked)}, name: "echo", ours: "echo"},
		"ours, going":                           {there: []Autoscaler{hpa("echo", "echo", made, deleting)}, name: "echo"},
		"an orphan of ours":                     {there: []Autoscaler{hpa("echo", "echo", orphaned)}, name: "echo", ours: "echo"},
		"an orphan of ours, of another":         {there: []Autoscaler{hpa("echo", "other", orphaned)}, name: "echo", blocked: true, reasons: []string{"NameTaken"}},
		"of a Deployment that is gone":          {there: []Autoscaler{hpa("echo", "echo", madeForFormer)}, name: "echo"},
		"another's under the name":              {there: []Autoscaler{hpa("echo", "echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"another's under another name":          {there: []Autoscaler{hpa("old", "echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"two others":                            {there: []Autoscaler{hpa("a", "echo"), hpa("b", "echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler", "AnotherAutoscaler"}},
		"another's, going":                      {there: []Autoscaler{hpa("old", "echo", deleting)}, name: "echo"},
		"another's that scales something else":  {there: []Autoscaler{hpa("old", "other")}, name: "echo"},
		"the name scales something else":        {there: []Autoscaler{hpa("echo", "other")}, name: "echo", blocked: true, reasons: []string{"NameTaken"}},
		"a second came after ours":              {there: []Autoscaler{hpa("echo", "echo", made), hpa("late", "echo")}, name: "echo", ours: "echo", reasons: []string{"AnotherAutoscaler"}},
		"a ScaledObject":                        {there: []Autoscaler{scaledObject("echo")}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"a ScaledObject and what it works by":   {there: []Autoscaler{scaledObject("echo"), hpa("keda-hpa-so", "echo", byKEDA)}, name: "echo", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"a ScaledObject of another Deployment":  {there: []Autoscaler{scaledObject("other")}, name: "echo"},
		"adopt":                                 {adopt: "old", there: []Autoscaler{hpa("old", "echo")}, name: "old", takes: "old"},
		"adopt one of the name":                 {adopt: "echo", there: []Autoscaler{hpa("echo", "echo")}, name: "echo", takes: "echo"},
		"adopt, and there is a third":           {adopt: "old", there: []Autoscaler{hpa("old", "echo"), hpa("older", "echo")}, name: "old", takes: "old", blocked: true, reasons: []string{"AnotherAutoscaler"}},
		"adopt one beside ours":                 {adopt: "old", there: []Autoscaler{hpa("echo", "echo", made), hpa("old", "echo")}, name: "old", ours: "echo", takes: "old", stale: []string{"echo"}},
		"adopted":                               {adopt: "old", there: []Autoscaler{hpa("old", "echo", taken)}, name: "old", ours: "old"},
		"adopted, and ours is left from before": {adopt: "old", there: []Autoscaler{hpa("echo", "echo", made), hpa("old", "echo", taken)}, name: "old", ours: "old", stale: []string{"echo"}},
		"adopted, and adopt was taken away":     {there: []Autoscaler{hpa("old", "echo", taken)}, name: "old", ours: "old"},
		"adopted, and another is to be":         {adopt: "new", there: []Autoscaler{hpa("new", "echo"), hpa("old", "echo", taken)}, name: "new", ours: "old", takes: "new", stale: []string{"old"}},
		"adopt what we made":                    {adopt: "echo", there: []Autoscaler{hpa("echo", "echo", made)}, name: "echo", ours: "echo"},
		"adopt what is not there":               {adopt: "old", name: "echo", reasons: []string{"AdoptedNotFound"}},
		"adopt what is going":                   {adopt: "old", there: []Autoscaler{hpa("old", "echo", deleting)}, name: "echo", reasons: []string{"AdoptedNotFound"}},
		"adopt what scales something else":      {adopt: "old", there: []Autoscaler{hpa("old", "other")}, name: "echo", blocked: true, reasons: []string{"AdoptedScalesOther"}},
		"adopt what KEDA controls":              {adopt: "keda-hpa-so", there: []Autoscaler{hpa("keda-hpa-so", "echo", byKEDA)}, name: "echo", blocked: true, reasons: []string{"AdoptedControlled", "AnotherAutoscaler"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := Workload{Namespace: "ns", Name: "echo", UID: "u"}
			c := ClaimOn(w, tt.adopt, Set{Autoscalers: tt.there})
			got := []any{c.Name, nameOf(c.Ours), nameOf(c.Adopt), c.Blocked}
			if diff := cmp.Diff([]any{tt.name, tt.ours, tt.takes, tt.blocked}, got); diff != "" {
				t.Errorf("name, ours, adopt, blocked (-want +got):\n%s", diff)
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

func nameOf(a *Autoscaler) string {
	if a == nil {
		return ""
	}
	return a.Name
}

// unreadable cannot read some kind.
type unreadable struct{ Set }

func (u unreadable) AutoscalersOf(string) ([]Autoscaler, string) { return nil, "forbidden" }

func TestWhatCannotBeReadBlocksNothing(t *testing.T) {
	c := ClaimOn(Workload{Namespace: "ns", Name: "echo"}, "", unreadable{})
	if diff := cmp.Diff([]string{"OtherAutoscalersUnknown"}, reasons(c.Findings)); diff != "" || c.Blocked {
		t.Errorf("blocked is %v; reasons (-want +got):\n%s", c.Blocked, diff)
	}
}
