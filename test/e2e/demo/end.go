package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// end stops everything. After a failure it saves the logs first, as the control
// plane's folder goes away with it.
func (d *demo) end(ctx context.Context, err error) error {
	if err != nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		err = d.SaveLogs(err)
	}
	d.out.status("stopping …")
	begin := time.Now()
	if stopErr := d.Stop(); stopErr != nil && err == nil {
		// The scenario has been seen to its end; a process that had to be
		// killed, because some kubectl still watched, takes nothing from it.
		what, _, _ := strings.Cut(stopErr.Error(), ";")
		d.out.note("note: " + what)
	}
	d.out.note(d.out.paint(dim, "all processes stopped after "+seconds(time.Since(begin))))
	return err
}

// keep leaves all running until the user has enough.
func (d *demo) keep(ctx context.Context) error {
	d.out.blank()
	d.out.title("Everything is still running. In another terminal:")
	for _, line := range []string{
		"",
		"export KUBECONFIG=" + d.Kubeconfig(),
		d.Binary("kubectl") + " describe hpa echo",
		fmt.Sprintf("while curl '%s%s'; do sleep 1; done   # traffic", d.GatewayURL(), d.scenario.traffic.Path),
		"",
		"Prometheus: " + d.PrometheusURL(),
		"logs:       " + d.Dir(),
		"",
		"Ctrl-C here stops all of it.",
	} {
		d.out.note(line)
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done(): // as announced, no failure
			return nil
		case <-ticker.C:
			if err := d.Alive(); err != nil {
				return err
			}
		}
	}
}
