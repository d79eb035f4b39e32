package get

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"time"
)

// maxFailures is the number of consecutive failed reads after which watching ends.
const maxFailures = 10

// watcher prints changes.
type watcher struct {
	read  func(context.Context) ([]Row, error)
	print func([]Row) error
	warn  io.Writer
}

// run reads at every tick until ctx ends, which is not an error. A failed read is
// reported once, and retried at the next tick.
func (w *watcher) run(ctx context.Context, ticks <-chan time.Time, last []Row) error {
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
		rows, err := w.read(ctx)
		if err != nil && ctx.Err() == nil {
			if failures++; failures == maxFailures {
				return fmt.Errorf("failed %d times in a row: %w", maxFailures, err)
			}
			if failures == 1 {
				_, _ = fmt.Fprintf(w.warn, "retrying: %v\n", err)
			}
		}
		if err != nil {
			continue
		}
		failures = 0
		if news := changed(last, rows); len(news) > 0 {
			if err := w.print(news); err != nil {
				return err
			}
		}
		last = rows
	}
}

// changed returns the rows that are new or differ from last.
func changed(last, rows []Row) []Row {
	type key struct{ namespace, name string }
	before := map[key]Row{}
	for _, r := range last {
		before[key{r.Namespace, r.Name}] = r
	}
	var out []Row
	for _, r := range rows {
		if old, had := before[key{r.Namespace, r.Name}]; !had || !reflect.DeepEqual(old, r) {
			out = append(out, r)
		}
	}
	return out
}
