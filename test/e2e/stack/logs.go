package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// LoggedError is an error with the location of the logs.
type LoggedError struct {
	Err  error
	Dir  string // where all logs were saved
	File string // the log of the component behind the hop, if it has one
}

func (e *LoggedError) Error() string { return e.Err.Error() }

// Unwrap returns the error without its logs.
func (e *LoggedError) Unwrap() error { return e.Err }

// Hint says where to look.
func (e *LoggedError) Hint() string {
	if e.File == "" {
		return "the logs of all components are in " + e.Dir
	}
	return "look at " + filepath.Join(e.Dir, e.File) + "; the other components' logs are beside it"
}

// SaveLogs copies all logs to a folder that is kept, and returns the cause as a
// [LoggedError]. If there are no logs it returns the cause alone.
func (s *Stack) SaveLogs(cause error) error {
	if s.cp == nil {
		return cause
	}
	files, err := filepath.Glob(filepath.Join(s.cp.Dir(), "*.log"))
	if err != nil || len(files) == 0 {
		return cause
	}
	dir, err := os.MkdirTemp("", "kong-latency-logs-")
	if err != nil {
		return errors.Join(cause, fmt.Errorf("save logs: %w", err))
	}
	logged := &LoggedError{Err: cause, Dir: dir}
	var failed *HopError
	errors.As(cause, &failed)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600)
		}
		if err != nil {
			return errors.Join(logged, fmt.Errorf("save logs: %w", err))
		}
		if failed != nil && filepath.Base(file) == logs[failed.Hop]+".log" {
			logged.File = filepath.Base(file)
		}
	}
	return logged
}
