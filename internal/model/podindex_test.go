package model_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/model"
)

func TestMatches(t *testing.T) {
	expression := func(op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: op, Values: values}}}
	}
	web := map[string]string{"app": "web"}
	for name, tt := range map[string]struct {
		selector *metav1.LabelSelector
		want     bool
	}{
		"nil":         {nil, false},
		"empty":       {&metav1.LabelSelector{}, false},
		"label":       {&metav1.LabelSelector{MatchLabels: web}, true},
		"other label": {&metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}, false},
		"In":          {expression(metav1.LabelSelectorOpIn, "web", "db"), true},
		"NotIn":       {expression(metav1.LabelSelectorOpNotIn, "web"), false},
		"Exists":      {expression(metav1.LabelSelectorOpExists), true},
		"invalid":     {expression("Like", "web"), false},
	} {
		if got := model.Matches(tt.selector, web); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Whatever the labels and selectors, an index finds what a search of all finds.
func TestAnIndexFindsWhatASearchFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func() map[string]string {
		out := map[string]string{}
		for range 1 + r.IntN(3) {
			out[fmt.Sprint("k", r.IntN(3))] = fmt.Sprint("v", r.IntN(3))
		}
		return out
	}
	for range 200 {
		var owners []model.PodOwner
		for i := range r.IntN(12) {
			s := &metav1.LabelSelector{}
			switch r.IntN(4) {
			case 0:
				s.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "k1", Operator: metav1.LabelSelectorOpIn, Values: []string{"v0", "v1"}}}
			case 1:
				s.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "k2", Operator: metav1.LabelSelectorOpDoesNotExist}}
			case 2:
				s = nil
			default:
				s.MatchLabels = pick()
			}
			owners = append(owners, model.PodOwner{Kind: model.KindStatefulSet, Name: fmt.Sprintf("%02d", i), Selector: s, PodLabels: pick()})
		}
		x := model.NewPodIndex(owners)
		names := func(list []model.PodOwner, keep func(model.PodOwner) bool) []string {
			var out []string
			for _, o := range list {
				if keep(o) {
					out = append(out, o.Name)
				}
			}
			return out
		}
		all := func(model.PodOwner) bool { return true }
		for _, o := range owners {
			want := names(owners, func(p model.PodOwner) bool { return o.SelectsPods(p.PodLabels) })
			if diff := cmp.Diff(want, names(x.SelectedBy(o.Selector).List, all)); diff != "" {
				t.Fatalf("selected by %v (-want +got):\n%s", o.Selector, diff)
			}
			want = names(owners, func(p model.PodOwner) bool { return p.SelectsPods(o.PodLabels) })
			if diff := cmp.Diff(want, names(x.Selecting(o.PodLabels).List, all)); diff != "" {
				t.Fatalf("selecting %v (-want +got):\n%s", o.PodLabels, diff)
			}
		}
	}
}

func TestTheMostDistinctivePairIsTheAnchor(t *testing.T) {
	for name, tt := range map[string]struct {
		name   string
		labels map[string]string
		want   string
	}{
		"its name":            {"web", map[string]string{"a": "production", "b": "web"}, "b=web"},
		"the end of its name": {"long-release-api", map[string]string{"a": "long-release", "b": "api"}, "b=api"},
		"the longer":          {"x", map[string]string{"a": "short", "b": "rather-long"}, "b=rather-long"},
		"the first":           {"x", map[string]string{"b": "one", "a": "two"}, "a=two"},
		"no empty value":      {"x", map[string]string{"a": "", "b": "v"}, "b=v"},
	} {
		got := model.Anchors(&metav1.LabelSelector{MatchLabels: tt.labels}, tt.name)
		if !slices.Equal(got[0], []string{tt.want}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAnIndexLooksAtNoMoreThanItsBound(t *testing.T) {
	var owners []model.PodOwner
	same := map[string]string{"app": "web"}
	for i := range model.MaxCompared + 10 {
		owners = append(owners, model.PodOwner{Kind: model.KindStatefulSet, Name: fmt.Sprintf("%05d", i), Selector: &metav1.LabelSelector{MatchLabels: same}, PodLabels: same})
	}
	x := model.NewPodIndex(owners)
	for name, got := range map[string]model.Owners{"selected": x.SelectedBy(owners[0].Selector), "selecting": x.Selecting(same)} {
		if len(got.List) != model.MaxCompared || got.List[0].Name != "00000" || got.Unread == "" {
			t.Errorf("%s: %d, unread %q", name, len(got.List), got.Unread)
		}
	}
}
