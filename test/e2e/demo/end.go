package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// end stops everything. After a failure it saves the logs first, as the control plane's
// folder is removed.
func (d *demo) end(ctx context.Context, err error) error {
	if err != nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		err = d.SaveLogs(err)
	}
	d.out.status("stopping …")
	begin := time.Now()
	if stopErr := d.Stop(); stopErr != nil && err == nil {
		// The scenario has finished; a process that had to be
		// killed, because some kubectl still watched, is not a failure of it.
		what, _, _ := strings.Cut(stopErr.Error(), ";")
		d.out.note("note: " + what)
	}
	d.out.note(d.out.paint(dim, "all processes stopped after "+seconds(time.Since(begin))))
	return err
}

// keep leaves everything running until the user stops it.
func (d *demo) keep(ctx context.Context) error {
	d.out.blank()
	d.out.title("Everything is still running. In another terminal:")
	for _, line := range []string{
		"",
		"export KUBECONFIG=" + d.Kubeconfig(),
		d.Binary("kubectl") + " describe hpa echo",
		fmt.Sprintf("while curl '%s%s'; do sleep 1; done   # traffic", d.GatewayURL(), d.scenario.path),
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
		case <-ctx.Done(): // the announced end, not a failure
			return nil
		case <-ticker.C:
			if err := d.Alive(); err != nil {
				return err
			}
		}
	}
}
