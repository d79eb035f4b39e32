package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// options of the command line. `make demo` passes SCENARIO and KEEP in the environment;
// flags take precedence.
type options struct {
	Scenario string
	Keep     bool
	Timeout  time.Duration
}

func defaultOptions() *options {
	o := &options{Scenario: "seed", Timeout: 15 * time.Minute}
	if s := os.Getenv("SCENARIO"); s != "" {
		o.Scenario = s
	}
	switch keep := os.Getenv("KEEP"); keep {
	case "":
	default:
		yes, err := strconv.ParseBool(keep)
		o.Keep = yes || err != nil // KEEP=yes counts as true, too
	}
	return o
}

func (o *options) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Scenario, "scenario", o.Scenario,
		"seed: every request lasts 100 ms, however many replicas there are; load: a load rises and stays, and so do the replicas")
	fs.BoolVar(&o.Keep, "keep", o.Keep, "leave everything running after the scenario, until Ctrl-C")
	fs.DurationVar(&o.Timeout, "timeout", o.Timeout, "give up after this long (the time that --keep adds does not count)")
}

func (o *options) parse(args []string) error {
	fs := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	o.addFlags(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("read command line: unknown argument %q", fs.Arg(0))
	}
	return o.validate()
}

func (o *options) validate() error {
	var errs []error
	if _, ok := scenarios[o.Scenario]; !ok {
		errs = append(errs, fmt.Errorf("scenario is %q: must be one of %s",
			o.Scenario, strings.Join(slices.Sorted(maps.Keys(scenarios)), ", ")))
	}
	if o.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("timeout is %s: must be positive", o.Timeout))
	}
	return errors.Join(errs...)
}
