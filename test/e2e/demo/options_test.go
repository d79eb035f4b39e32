package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	rulelanguage "github.com/kong-latency/kong-latency/pipeline/adapter"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

func TestOptions(t *testing.T) {
	const limit = 10 * time.Minute
	tests := map[string]struct {
		env  map[string]string
		args []string
		want options
		err  string
	}{
		"defaults":            {want: options{"seed", false, limit}},
		"flags":               {args: []string{"--scenario=load", "--keep", "--timeout=1m"}, want: options{"load", true, time.Minute}},
		"make's variables":    {env: map[string]string{"SCENARIO": "load", "KEEP": "1"}, want: options{"load", true, limit}},
		"KEEP=0":              {env: map[string]string{"KEEP": "0"}, want: options{"seed", false, limit}},
		"KEEP=yes":            {env: map[string]string{"KEEP": "yes"}, want: options{"seed", true, limit}},
		"flags win":           {env: map[string]string{"SCENARIO": "load"}, args: []string{"--scenario", "seed"}, want: options{"seed", false, limit}},
		"unknown scenario":    {args: []string{"--scenario=nap"}, err: `scenario is "nap": must be one of load, seed`},
		"no time at all":      {args: []string{"--timeout=0s"}, err: "timeout is 0s: must be positive"},
		"argument too many":   {args: []string{"load"}, err: `unknown argument "load"`},
		"make's bad variable": {env: map[string]string{"SCENARIO": "nap"}, err: `scenario is "nap"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SCENARIO", tt.env["SCENARIO"])
			t.Setenv("KEEP", tt.env["KEEP"])
			o := defaultOptions()
			err := o.parse(tt.args)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, *o); d != "" {
				t.Errorf("options (-want +got):\n%s", d)
			}
		})
	}
	if err := defaultOptions().parse([]string{"--help"}); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

// Each scenario's rule must make the metric that the scenario reads.
func TestScenariosFitTheirRules(t *testing.T) {
	for name, s := range scenarios {
		text, err := rules.ReadFile("rules/" + s.rule)
		if err != nil {
			t.Fatal(err)
		}
		config, err := rulelanguage.Parse(text, rulelanguage.CoreResources)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if config.Len() != 1 || config.Rule(0).Name.As != s.metric {
			t.Errorf("%s: %s makes %q, not %q", name, s.rule, config.Rule(0).Name.As, s.metric)
		}
	}
}

func TestShippedManifestsAreSplit(t *testing.T) {
	objs, err := controlplane.Render("config/default")
	if err != nil {
		t.Fatal(err)
	}
	applied, components, err := split(objs)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range components {
		names = append(names, c.name)
		if c.deployment.Spec.Template.Spec.ServiceAccountName == "" {
			t.Errorf("%s has no service account", c.name)
		}
	}
	slices.Sort(names)
	if d := cmp.Diff([]string{"controller", "webhook"}, names); d != "" {
		t.Errorf("components (-want +got):\n%s", d)
	}
	if len(applied)+len(components) != len(objs) {
		t.Errorf("%d objects became %d and %d", len(objs), len(applied), len(components))
	}
	for _, obj := range applied {
		if obj.GetKind() == "Deployment" {
			t.Errorf("Deployment %s would be applied", obj.GetName())
		}
	}
}

func TestPrometheusConfig(t *testing.T) {
	got := string(prometheusConfig("127.0.0.1:1234", 5*time.Second))
	want := `global:
  scrape_interval: 5s
scrape_configs:
- job_name: kgo-gateway-operator-metrics-service
  honor_labels: false
  static_configs:
  - targets: ["127.0.0.1:1234"]
    labels:
      namespace: kong-system
      service: kgo-gateway-operator-metrics-service
      endpoint: https
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("configuration (-want +got):\n%s", d)
	}
}
