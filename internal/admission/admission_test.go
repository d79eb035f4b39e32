package admission_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/admission"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// strict is a policy for everything: at most 20 replicas, and auto-attach at 50 ms if
// auto is true.
func strict(auto bool, edits ...func(*v1alpha1.LatencyPolicySpec)) plan.Policies {
	p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "strict"}}
	p.Spec.Limits = &v1alpha1.Limits{MaxReplicas: &v1alpha1.Int32Range{Max: ptr.To[int32](20)}}
	p.Spec.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("50")}
	for _, edit := range edits {
		edit(&p.Spec)
	}
	labels := map[string]string{}
	if auto {
		labels[policy.AutoAttachLabel] = policy.AutoAttachEnabled
	}
	return plan.PolicySet{Set: policy.Compile([]v1alpha1.LatencyPolicy{p}), Namespace: func(string) (map[string]string, bool) { return labels, true }}
}

// hpa scales the Deployment echo; edits say whose it is.
func hpa(name string, edits ...func(*model.Autoscaler)) model.Autoscaler {
	a := model.Autoscaler{Kind: model.KindHPA, Namespace: "default", Name: name, UID: name,
		Scales: model.Ref{Kind: "Deployment", Name: "echo"}, MinReplicas: 1, MaxReplicas: 10}
	for _, edit := range edits {
		edit(&a)
	}
	return a
}

func managed(a *model.Autoscaler) {
	a.Created, a.Controller = true, model.Ref{Kind: "Deployment", Name: "echo", UID: "uid-1"}
}

func adopted(a *model.Autoscaler) { a.Adopted = true }

// summary is a decision in a few words.
func summary(d admission.Decision) []string {
	var out []string
	for prefix, list := range map[string][]finding.Finding{"refused": d.Refused, "warned": d.Warned, "pipeline": d.Pipeline, "unjudged": d.Unjudged, "advised": d.Advised} {
		for _, f := range list {
			out = append(out, prefix+" "+f.Reason.Name)
		}
	}
	effects := map[admission.Effect]string{admission.Attach: "attach", admission.Alter: "alter", admission.Adopt: "adopt",
		admission.Detach: "detach", admission.Restore: "restore", admission.NoEffect: "no effect"}
	for _, n := range d.Notes {
		text := "note " + effects[n.Effect]
		if n.Plan != nil {
			text += " " + n.Plan.Name
		}
		if n.Changes != nil {
			text += ": " + n.Changes.String()
		}
		out = append(out, strings.TrimSpace(text+" "+n.Autoscaler))
	}
	if s := d.Patch.Stamp; s != nil {
		out = append(out, "stamp "+s.String())
	}
	if r := d.Patch.Replicas; r != nil {
		out = append(out, strings.TrimSpace(fmt.Sprintf("replicas %d to %d %s", r.From, r.To, r.Autoscaler)))
	}
	slices.Sort(out)
	return out
}

func replicas(n int32) func(*model.Workload) { return func(w *model.Workload) { w.Replicas = &n } }

func TestDecideWorkload(t *testing.T) {
	set, service := testutil.Settings, testutil.Service(nil)
	type w = model.Workload
	of := func(all map[string]string, edits ...func(*w)) *w { return ptr.To(testutil.Workload(all, edits...)) }
	tests := map[string]struct {
		before, after *w
		services      []model.Service
		autoscalers   []model.Autoscaler
		policies      plan.Policies
		want          []string
	}{
		"new":                       {nil, of(set()), []model.Service{service}, nil, nil, []string{"note attach echo"}},
		"new, without annotations":  {nil, of(nil), []model.Service{service}, nil, nil, nil},
		"new, with a bad value":     {nil, of(set("paused", "x")), []model.Service{service}, nil, nil, []string{"refused InvalidAnnotation"}},
		"new, before its Service":   {nil, of(set()), nil, nil, nil, []string{"warned NoServiceSelectsPods"}},
		"new, over a limit":         {nil, of(set("max-replicas", "30")), []model.Service{service}, nil, strict(false), []string{"note attach echo", "refused LimitExceeded", "warned LimitClamped"}},
		"new, min above max":        {nil, of(set("min-replicas", "11")), []model.Service{service}, nil, nil, []string{"refused MinAboveMax"}},
		"new, below the minimum":    {nil, of(set("min-replicas", "3"), replicas(2)), []model.Service{service}, nil, nil, []string{"note attach echo", "replicas 2 to 3"}},
		"new, at zero":              {nil, of(set("min-replicas", "3"), replicas(0)), []model.Service{service}, nil, nil, []string{"note attach echo"}},
		"new, beside another":       {nil, of(set()), []model.Service{service}, []model.Autoscaler{hpa("old")}, nil, []string{"refused AnotherAutoscaler"}},
		"new, adopting":             {nil, of(set("adopt", "old")), []model.Service{service}, []model.Autoscaler{hpa("old")}, nil, []string{"note adopt old"}},
		"new, under auto-attach":    {nil, of(nil), []model.Service{service}, nil, strict(true), []string{"note attach echo", "stamp strict=50"}},
		"stamped before":            {of(nil), of(set("target-ms", "50", "attached-by", "strict=50")), []model.Service{service}, nil, strict(true), nil},
		"new, settings for nothing": {nil, of(set("target-ms", "", "max-replicas", "3")), []model.Service{service}, nil, nil, []string{"note no effect"}},
		"unchanged, over a limit":   {of(set("max-replicas", "30")), of(set("max-replicas", "30")), []model.Service{service}, nil, strict(false), []string{"warned LimitClamped"}},
		"unchanged, a bad value":    {of(set("paused", "x")), of(set("paused", "x")), []model.Service{service}, nil, nil, []string{"refused InvalidAnnotation"}},
		"unchanged, another came":   {of(set()), of(set()), []model.Service{service}, []model.Autoscaler{hpa("echo", managed), hpa("late")}, nil, []string{"warned AnotherAutoscaler"}},
		"changed":                   {of(set()), of(set("target-ms", "50")), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, nil, []string{"note alter echo: target 40 ms to 50 ms"}},
		"behavior changed":          {of(set()), of(set("behavior", "stable")), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, nil, []string{"note alter echo: requests per second per pod not learned yet to none, behavior steady to stable"}},
		"changed, not its HPA":      {of(set()), of(set("preserve-replicas", "false")), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, nil, nil},
		"annotation removed":        {of(set()), of(nil), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, nil, []string{"note detach"}},
		"adoption removed":          {of(set("adopt", "old")), of(nil), []model.Service{service}, []model.Autoscaler{hpa("old", adopted)}, nil, []string{"note restore old"}},
		"over a limit, removed":     {of(set("max-replicas", "30")), of(set("target-ms", "", "max-replicas", "30")), []model.Service{service}, nil, strict(false), []string{"note detach"}},
		"applied again":             {of(set(), replicas(8)), of(set(), replicas(1)), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, nil, []string{"replicas 1 to 8 echo"}},
		"applied without a UID":     {of(set(), replicas(8)), of(set(), replicas(1), func(x *w) { x.UID = "" }), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, nil, []string{"replicas 1 to 8 echo"}},
		"not to be preserved":       {of(set("preserve-replicas", "false"), replicas(8)), of(set("preserve-replicas", "false"), replicas(1)), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, nil, nil},
		"deleted":                   {of(set("paused", "x")), of(set("paused", "x"), func(x *w) { x.Deleting = true }), nil, nil, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := testutil.Catalog(*tt.after, tt.services...)
			c.Autoscalers = tt.autoscalers
			r := admission.Request{Workload: &admission.Change[w]{Before: tt.before, After: *tt.after}, Catalog: c, Policies: tt.policies}
			whole := summary(admission.Decide(r))
			if diff := cmp.Diff(tt.want, whole); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			// The parts are the whole.
			r.Part = admission.Patches
			parts := summary(admission.Decide(r))
			r.Part = admission.Verdict
			parts = append(parts, summary(admission.Decide(r))...)
			slices.Sort(parts)
			if diff := cmp.Diff(whole, parts); diff != "" {
				t.Errorf("both parts (-whole +parts):\n%s", diff)
			}
		})
	}
}

func TestDecideService(t *testing.T) {
	set := testutil.Settings
	tests := map[string]struct {
		before     *model.Service
		after      model.Service
		deployment map[string]string
		policies   plan.Policies
		want       []string
	}{
		"new":                     {nil, testutil.Service(set()), nil, nil, []string{"note attach echo"}},
		"new, with a bad value":   {nil, testutil.Service(set("paused", "x")), nil, nil, []string{"refused InvalidAnnotation"}},
		"new, over a limit":       {nil, testutil.Service(set("max-replicas", "30")), nil, strict(false), []string{"note attach echo", "refused LimitExceeded", "warned LimitClamped"}},
		"over a limit, unchanged": {ptr.To(testutil.Service(set("max-replicas", "30"))), testutil.Service(set("max-replicas", "30")), nil, strict(false), []string{"warned LimitClamped"}},
		"new, min above max":      {nil, testutil.Service(set("min-replicas", "11")), nil, nil, []string{"refused MinAboveMax"}},
		"new, names another":      {nil, testutil.Service(set("deployment", "gone")), nil, nil, []string{"warned DeploymentNotFound"}},
		"new, they disagree":      {nil, testutil.Service(set()), set("target-ms", "50"), nil, []string{"warned SettingsDisagree"}},
		"new, for nothing":        {nil, testutil.Service(set("target-ms", "", "max-replicas", "3")), nil, nil, []string{"note no effect"}},
		"annotation removed":      {ptr.To(testutil.Service(set())), testutil.Service(nil), nil, nil, []string{"note detach"}},
		"deleted":                 {nil, testutil.Service(set("paused", "x"), func(s *model.Service) { s.Deleting = true }), nil, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := testutil.Catalog(testutil.Workload(tt.deployment))
			got := admission.Decide(admission.Request{Service: &admission.Change[model.Service]{Before: tt.before, After: tt.after}, Catalog: c, Policies: tt.policies})
			if diff := cmp.Diff(tt.want, summary(got)); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

// What is wrong with the pipeline is refused if the policy says so and settings are new.
func TestDecideByThePipeline(t *testing.T) {
	denied := &finding.Hop{Name: "service-monitor", DenyByDefault: true}
	broken := testutil.Finding("Broken", finding.Error, denied, "")
	odd := testutil.Finding("Odd", finding.Warning, denied, "")
	unknown := testutil.Finding("NotReadable", finding.Unknown, denied, "")
	enforce := func(a policy.Action) plan.Policies {
		return strict(false, func(s *v1alpha1.LatencyPolicySpec) {
			s.Pipeline = &v1alpha1.Pipeline{Enforcement: []v1alpha1.HopEnforcement{{Hop: "service-monitor", Action: a}}}
		})
	}
	set := testutil.Settings
	tests := map[string]struct {
		before   *model.Workload
		after    map[string]string
		policies plan.Policies
		want     []string
	}{
		"new":              {nil, set(), nil, []string{"note attach echo", "pipeline Odd", "refused Broken", "unjudged NotReadable"}},
		"new, Warn":        {nil, set(), enforce(policy.Warn), []string{"note attach echo", "pipeline Broken", "pipeline Odd", "unjudged NotReadable"}},
		"new, Ignore":      {nil, set(), enforce(policy.Ignore), []string{"note attach echo"}},
		"unchanged":        {ptr.To(testutil.Workload(set())), set(), nil, []string{"pipeline Broken", "pipeline Odd"}},
		"by a policy":      {nil, nil, strict(true), []string{"note attach echo", "pipeline Broken", "pipeline Odd", "stamp strict=50", "unjudged NotReadable"}},
		"refused already":  {nil, set("max-replicas", "30"), strict(false), []string{"note attach echo", "refused LimitExceeded", "warned LimitClamped"}},
		"nothing attached": {nil, nil, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := testutil.Workload(tt.after)
			var about []string
			d := admission.Decide(admission.Request{
				Workload: &admission.Change[model.Workload]{Before: tt.before, After: w},
				Catalog:  testutil.Catalog(w, testutil.Service(nil)), Policies: tt.policies,
				Diagnose: func(namespace, service, metric string) []finding.Finding {
					about = append(about, namespace, service, metric)
					return []finding.Finding{broken, odd, unknown}
				},
			})
			if diff := cmp.Diff(tt.want, summary(d)); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			if len(about) > 0 && !slices.Equal(about, []string{"default", "echo", "kong_upstream_latency_ms_60s_average", "default", "echo", "kong_upstream_requests_per_second_60s_average"}) {
				t.Errorf("diagnosed %v", about)
			}
		})
	}
}

// A load metric that no rule makes refuses nothing. Of one that nobody named it is said when
// the workload is new, and never that it could not be judged.
func TestDecideByTheLoadMetric(t *testing.T) {
	set := testutil.Settings
	named := set("requests-per-second-per-pod", "auto")
	missing := adapterrule.Missing.On(finding.Object{}, "no rule")
	unknown := finding.Finding{Reason: adapterrule.Missing, Severity: finding.Unknown}
	for name, tt := range map[string]struct {
		before *model.Workload
		after  map[string]string
		found  finding.Finding
		want   []string
	}{
		"new":                 {nil, set(), missing, []string{"advised LoadMetricMissing", "note attach echo"}},
		"unchanged":           {ptr.To(testutil.Workload(set())), set(), missing, nil},
		"new, not known":      {nil, set(), unknown, []string{"note attach echo"}},
		"new, without it":     {nil, set("requests-per-second-per-pod", "off"), missing, []string{"note attach echo"}},
		"new, named":          {nil, named, missing, []string{"note attach echo", "pipeline LoadMetricMissing"}},
		"unchanged, named":    {ptr.To(testutil.Workload(named)), named, missing, []string{"pipeline LoadMetricMissing"}},
		"new, named, unknown": {nil, named, unknown, []string{"note attach echo", "unjudged LoadMetricUnknown"}},
		"changed":             {ptr.To(testutil.Workload(set())), set("behavior", "stable"), missing, []string{"note alter echo: behavior steady to stable"}},
		"changed, and served": {ptr.To(testutil.Workload(set())), set("behavior", "stable"), finding.Finding{Reason: adapterrule.Missing, Severity: finding.Warning}, []string{"note alter echo: requests per second per pod not learned yet to none, behavior steady to stable"}},
		"of another profile":  {nil, set("behavior", "stable"), missing, []string{"note attach echo"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := testutil.Workload(tt.after)
			got := admission.Decide(admission.Request{
				Workload: &admission.Change[model.Workload]{Before: tt.before, After: w},
				Catalog:  testutil.Catalog(w, testutil.Service(nil)),
				Diagnose: func(_, _, metric string) []finding.Finding {
					if metric == annotations.RequestsMetric {
						return []finding.Finding{tt.found}
					}
					return nil
				},
			})
			if diff := cmp.Diff(tt.want, summary(got)); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

// Without a catalog nothing is concluded from what is not there.
func TestDecideWithoutACatalog(t *testing.T) {
	set := testutil.Settings
	workload := func(all map[string]string) admission.Request {
		return admission.Request{Workload: &admission.Change[model.Workload]{After: testutil.Workload(all)}, Policies: strict(true)}
	}
	service := func(all map[string]string) admission.Request {
		return admission.Request{Service: &admission.Change[model.Service]{After: testutil.Service(all)}, Policies: strict(true)}
	}
	tests := map[string]struct {
		request admission.Request
		want    []string
	}{
		"a Deployment":                  {workload(set("max-replicas", "30")), []string{"warned PairingUnknown"}},
		"a Deployment below its own":    {workload(set("min-replicas", "3")), []string{"replicas 1 to 3", "warned PairingUnknown"}},
		"a Deployment that is bad":      {workload(set("paused", "x")), []string{"refused InvalidAnnotation"}},
		"a Deployment without settings": {workload(nil), nil},
		"a Service":                     {service(set()), []string{"warned PairingUnknown"}},
		"a Service that is bad":         {service(set("paused", "x")), []string{"refused InvalidAnnotation"}},
		"a Service without settings":    {service(nil), nil},
		"nothing":                       {admission.Request{}, nil},
	}
	for name, tt := range tests {
		if diff := cmp.Diff(tt.want, summary(admission.Decide(tt.request))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// An outdated catalog lacks what is new: nothing is concluded from that, and what it has is
// kept as it is.
func TestWithAnOutdatedCatalogNothingIsDenied(t *testing.T) {
	service := testutil.Service(nil)
	workload := func(n int32, more ...string) model.Workload {
		return testutil.Workload(testutil.Settings(more...), replicas(n))
	}
	for name, tc := range map[string]struct {
		before      *model.Workload
		after       model.Workload
		services    []model.Service
		autoscalers []model.Autoscaler
		want        []string
	}{
		"no Service":             {nil, workload(1), nil, nil, []string{"warned PairingUnknown"}},
		"beside another":         {nil, workload(1), []model.Service{service}, []model.Autoscaler{hpa("old")}, []string{"warned PairingUnknown"}},
		"a bad value":            {nil, workload(1, "paused", "x"), nil, nil, []string{"refused InvalidAnnotation"}},
		"replicas of a manifest": {ptr.To(workload(8)), workload(1), []model.Service{service}, []model.Autoscaler{hpa("echo", managed)}, []string{"replicas 1 to 8 echo", "warned PairingUnknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := testutil.Catalog(tc.after, tc.services...)
			c.Autoscalers = tc.autoscalers
			got := summary(admission.Decide(admission.Request{
				Workload: &admission.Change[model.Workload]{Before: tc.before, After: tc.after}, Catalog: c, Outdated: true,
			}))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
	s := testutil.Service(testutil.Settings())
	got := summary(admission.Decide(admission.Request{
		Service: &admission.Change[model.Service]{After: s}, Catalog: testutil.Catalog(model.Workload{}), Outdated: true,
	}))
	if diff := cmp.Diff([]string{"warned PairingUnknown"}, got); diff != "" {
		t.Errorf("decision about a Service (-want +got):\n%s", diff)
	}
}
