package list

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"time"
)

// maxFailures is how many looks in a row may fail before watching ends.
const maxFailures = 10

// watcher prints what changes.
type watcher struct {
	read  func(context.Context) ([]Row, error)
	print func([]Row) error
	warn  io.Writer
}

// run looks at every tick until ctx ends, which is no error. A look that fails is
// said once, and tried again at the next tick.
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
				return fmt.Errorf("look %d times in vain: %w", maxFailures, err)
			}
			if failures == 1 {
				_, _ = fmt.Fprintf(w.warn, "trying again: %v\n", err)
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

// changed are the rows that are not in last as they are.
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
