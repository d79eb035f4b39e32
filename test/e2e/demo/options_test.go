package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestOptions(t *testing.T) {
	const limit = 15 * time.Minute
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
