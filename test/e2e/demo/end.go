package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// end stops everything. After a failure it saves the logs first, as the control
// plane's folder goes away with it.
func (s *stack) end(ctx context.Context, cancel context.CancelCauseFunc, err error) error {
	if err != nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		err = s.saveLogs(err)
	}
	s.out.status("stopping …")
	begin := time.Now()
	// What is in this process comes first: the API server waits for its clients.
	cancel(context.Canceled)
	if s.adapter != nil {
		<-s.adapter.Done()
	}
	if s.operator != nil {
		<-s.operator.Done()
	}
	if s.gateway != nil {
		s.gateway.Close()
	}
	if s.cp == nil {
		return err
	}
	if stopErr := s.cp.Stop(); stopErr != nil && err == nil {
		// The scenario has been seen to its end; a process that had to be
		// killed, because some kubectl still watched, takes nothing from it.
		what, _, _ := strings.Cut(stopErr.Error(), ";")
		s.out.note("note: " + what)
	}
	s.out.note(s.out.paint(dim, "all processes stopped after "+seconds(time.Since(begin))))
	return err
}

// keep leaves all running until the user has enough.
func (s *stack) keep(ctx context.Context) error {
	s.out.blank()
	s.out.title("Everything is still running. In another terminal:")
	for _, line := range []string{
		"",
		"export KUBECONFIG=" + s.cp.Kubeconfig(),
		s.cp.Binary("kubectl") + " describe hpa echo",
		fmt.Sprintf("while curl '%s%s'; do sleep 1; done   # traffic", s.gateway.URL(), s.scenario.path),
		"",
		"Prometheus: " + s.prometheus.url,
		"logs:       " + s.cp.Dir(),
		"",
		"Ctrl-C here stops all of it.",
	} {
		s.out.note(line)
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done(): // as announced, no failure
			return nil
		case <-ticker.C:
			if err := s.alive(); err != nil {
				return err
			}
		}
	}
}

// loggedError is an error together with where to look for more.
type loggedError struct {
	error
	dir  string // where all logs were saved
	file string // the log of the component behind the hop, if it has one
}

func (e *loggedError) Unwrap() error { return e.error }

// hint says where to look.
func (e *loggedError) hint() string {
	if e.file == "" {
		return "  the logs of all components are in " + e.dir
	}
	return "  look at " + filepath.Join(e.dir, e.file) + "; the other components' logs are beside it"
}

// saveLogs copies all logs to a folder that stays.
func (s *stack) saveLogs(cause error) error {
	if s.cp == nil {
		return cause
	}
	files, err := filepath.Glob(filepath.Join(s.cp.Dir(), "*.log"))
	if err != nil || len(files) == 0 {
		return cause
	}
	dir, err := os.MkdirTemp("", "kong-latency-demo-logs-")
	if err != nil {
		return errors.Join(cause, fmt.Errorf("save logs: %w", err))
	}
	logged := &loggedError{error: cause, dir: dir}
	var failed *hopError
	errors.As(cause, &failed)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600)
		}
		if err != nil {
			return errors.Join(logged, fmt.Errorf("save logs: %w", err))
		}
		if failed != nil && filepath.Base(file) == logs[failed.hop]+".log" {
			logged.file = filepath.Base(file)
		}
	}
	return logged
}
