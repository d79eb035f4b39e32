package discover

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

const (
	// discoveryAge is how old the picture of the API server's resources may be that
	// configurations are parsed by. The adapter itself looks at them once, when it starts.
	discoveryAge = 10 * time.Minute
	// missingAge is the same while the configuration names a resource that is missing.
	missingAge = 30 * time.Second
)

// configParser parses a configuration when its text changed, or what resources
// the API server has, and otherwise returns the last result.
type configParser struct {
	// discover lists the API server's resources.
	discover func(context.Context) ([]*metav1.APIResourceList, error)

	lists      []*metav1.APIResourceList
	resources  adapterconfig.Resources
	discovered time.Time

	text string
	last *parsedConfig // nil if there is none for text
}

// parsedConfig is what a text was parsed into.
type parsedConfig struct {
	config *adapterconfig.Config
	err    error
	// checks are the results of checked, by the flags, so that they stay the same values.
	checks map[[2]time.Duration]error
}

// parse returns the parsed text; the error says why it cannot be parsed now.
func (p *configParser) parse(ctx context.Context, text string, now time.Time) (*parsedConfig, error) {
	age := discoveryAge
	if p.last != nil && lacksResource(p.last.err) {
		age = missingAge
	}
	known := p.last != nil && text == p.text
	if !known || now.Sub(p.discovered) >= age {
		if err := p.rediscover(ctx, now); err != nil && p.resources == nil {
			return nil, err
		}
	}
	if p.last == nil || text != p.text {
		config, err := adapterconfig.Parse([]byte(text), p.resources)
		p.text, p.last = text, &parsedConfig{config: config, err: err, checks: map[[2]time.Duration]error{}}
	}
	return p.last, nil
}

// rediscover lists the resources and, if they changed, drops what was parsed with the
// former ones.
func (p *configParser) rediscover(ctx context.Context, now time.Time) error {
	lists, err := p.discover(ctx)
	if err != nil {
		return fmt.Errorf("listing the resources of the API server fails: %w", err)
	}
	p.discovered = now
	if p.resources == nil || !reflect.DeepEqual(lists, p.lists) {
		p.lists, p.resources, p.last = lists, adapterconfig.NewResources(lists), nil
	}
	return nil
}

// checked is the configuration, or why the adapter does not start with it: its own
// mistakes, or its intervals as the newest process is given them.
func (c *parsedConfig) checked(running []Process) (*adapterconfig.Config, error) {
	if c.err != nil || len(running) == 0 {
		return c.config, c.err
	}
	newest := running[len(running)-1]
	flags := [2]time.Duration{newest.relist, newest.maxAge}
	err, ok := c.checks[flags]
	if !ok {
		err = c.config.CheckIntervals(newest.relist, newest.maxAge)
		c.checks[flags] = err
	}
	if err != nil {
		return nil, err
	}
	return c.config, nil
}

// lacksResource reports whether a configuration names a resource that the API server
// does not have, which can come without a change of the configuration.
func lacksResource(err error) bool {
	var errs adapterconfig.Errors
	if !errors.As(err, &errs) {
		return false
	}
	for _, e := range errs {
		if e.Kind == adapterconfig.ErrorResource {
			return true
		}
	}
	return false
}

// discoverer lists resources in the API server's order of preference. Groups whose
// server does not answer are left out, as the adapter does.
func discoverer(d discovery.DiscoveryInterfaceWithContext) func(context.Context) ([]*metav1.APIResourceList, error) {
	return func(ctx context.Context) ([]*metav1.APIResourceList, error) {
		groups, lists, err := d.ServerGroupsAndResourcesWithContext(ctx)
		if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
			return nil, err
		}
		return preferred(groups, lists), nil
	}
}

// preferred puts lists into the order of their groups and, in a group, the
// preferred version first. The client gives them in any order.
func preferred(groups []*metav1.APIGroup, lists []*metav1.APIResourceList) []*metav1.APIResourceList {
	byVersion := make(map[string]*metav1.APIResourceList, len(lists))
	for _, list := range lists {
		byVersion[list.GroupVersion] = list
	}
	out := make([]*metav1.APIResourceList, 0, len(lists))
	add := func(version string) {
		if list, ok := byVersion[version]; ok {
			out = append(out, list)
			delete(byVersion, version)
		}
	}
	for _, g := range groups {
		add(g.PreferredVersion.GroupVersion)
		for _, v := range g.Versions {
			add(v.GroupVersion)
		}
	}
	return out
}
