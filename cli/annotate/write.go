// Package annotate changes the annotations of objects in a cluster, or shows what that would
// change: what the commands set and unset share.
package annotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
)

// fieldManager is the field manager of the annotations.
const fieldManager = "kubectl-latency"

// The values of --dry-run, as in kubectl.
const (
	dryRunNone   = "none"
	dryRunClient = "client"
	dryRunServer = "server"
)

// Writer writes annotations, or shows what writing them would change.
type Writer struct {
	Plugin *plugin.Plugin
	// DryRun is none, client or server, as in kubectl.
	DryRun string
	// Diff shows what would change according to the API server, and writes nothing.
	Diff bool
}

// verb is what was done to an object.
const verb = "annotated"

// AddFlags adds the flags that say how to write.
func (w *Writer) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&w.DryRun, "dry-run", dryRunNone, "none: write the changes; client: only check them locally; server: let the API server and its webhooks check them, too")
	fs.BoolVar(&w.Diff, "diff", false, "show what would change, according to the API server, and write nothing")
}

// item is one object and its changes.
type item struct {
	ref     live.Ref
	object  *unstructured.Unstructured
	changes Changes
}

// Validate reports which options cannot be used.
func (w *Writer) Validate() error {
	switch w.DryRun {
	case dryRunNone, dryRunClient, dryRunServer:
	default:
		return fmt.Errorf("--dry-run is %q: must be none, client or server", w.DryRun)
	}
	if w.Diff && w.DryRun == dryRunClient {
		return errors.New("--diff needs the API server: leave out --dry-run=client")
	}
	return nil
}

// Write makes the changes, which may depend on the annotations that an object has.
// Nothing is written unless all objects exist and all values are allowed.
func (w *Writer) Write(ctx context.Context, refs []live.Ref, change func(have map[string]string) Changes) error {
	c, err := live.Connect(w.Plugin)
	if err != nil {
		return err
	}
	var items []item
	var errs []error
	for _, ref := range refs {
		i, err := prepare(ctx, c, ref, change)
		items, errs = append(items, i), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	errs = nil
	for _, i := range items {
		errs = append(errs, w.send(ctx, c, i))
	}
	return errors.Join(errs...)
}

// prepare reads the object and checks the changes.
func prepare(ctx context.Context, c *live.Connection, ref live.Ref, change func(map[string]string) Changes) (item, error) {
	i := item{ref: ref, object: &unstructured.Unstructured{}}
	i.object.SetGroupVersionKind(ref.GroupVersionKind())
	if err := c.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: ref.Name}, i.object); err != nil {
		return i, fmt.Errorf("read %s in namespace %s: %w", ref, c.Namespace, err)
	}
	have := i.object.GetAnnotations()
	i.changes = change(have).effective(have)
	if err := i.changes.check(ref.Kind, have); err != nil {
		return i, fmt.Errorf("annotate %s: %w", ref, err)
	}
	return i, nil
}

// send makes the changes of one object and prints the result.
func (w *Writer) send(ctx context.Context, c *live.Connection, i item) error {
	if len(i.changes) == 0 {
		return w.say("%s unchanged\n", i.ref)
	}
	if w.DryRun == dryRunClient {
		return w.say("%s %s (dry run)\n", i.ref, verb)
	}
	patch, err := i.changes.patch()
	if err != nil {
		return err
	}
	before := i.object.DeepCopy()
	options := []client.PatchOption{client.FieldOwner(fieldManager)}
	if w.Diff || w.DryRun == dryRunServer {
		options = append(options, client.DryRunAll)
	}
	if err := c.Patch(ctx, i.object, client.RawPatch(types.MergePatchType, patch), options...); err != nil {
		return fmt.Errorf("annotate %s: %w", i.ref, err)
	}
	switch {
	case w.Diff:
		text, err := diff(i.ref.String(), before, i.object)
		if err != nil {
			return err
		}
		return w.say("%s", text)
	case w.DryRun == dryRunServer:
		return w.say("%s %s (server dry run)\n", i.ref, verb)
	default:
		return w.say("%s %s\n", i.ref, verb)
	}
}

func (w *Writer) say(format string, args ...any) error {
	_, err := fmt.Fprintf(w.Plugin.Out, format, args...)
	return err
}
