package set

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

// writer writes annotations, or shows what writing them would change.
type writer struct {
	plugin *plugin.Plugin
	verb   string
	dryRun string
	diff   bool
}

func (w *writer) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&w.dryRun, "dry-run", dryRunNone, "none: write the changes; client: only check them locally; server: let the API server and its webhooks check them, too")
	fs.BoolVar(&w.diff, "diff", false, "show what would change, according to the API server, and write nothing")
}

// item is one object and its changes.
type item struct {
	ref     live.Ref
	object  *unstructured.Unstructured
	changes changes
}

// write makes the changes, which may depend on the annotations that an object has.
// Nothing is written unless all objects exist and all values are allowed.
func (w *writer) write(ctx context.Context, refs []live.Ref, change func(have map[string]string) changes) error {
	switch w.dryRun {
	case dryRunNone, dryRunClient, dryRunServer:
	default:
		return fmt.Errorf("--dry-run is %q: must be none, client or server", w.dryRun)
	}
	if w.diff && w.dryRun == dryRunClient {
		return errors.New("--diff needs the API server: leave out --dry-run=client")
	}
	c, err := live.Connect(w.plugin)
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
func prepare(ctx context.Context, c *live.Cluster, ref live.Ref, change func(map[string]string) changes) (item, error) {
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
func (w *writer) send(ctx context.Context, c *live.Cluster, i item) error {
	if len(i.changes) == 0 {
		return w.say("%s unchanged\n", i.ref)
	}
	if w.dryRun == dryRunClient {
		return w.say("%s %s (dry run)\n", i.ref, w.verb)
	}
	patch, err := i.changes.patch()
	if err != nil {
		return err
	}
	before := i.object.DeepCopy()
	options := []client.PatchOption{client.FieldOwner(fieldManager)}
	if w.diff || w.dryRun == dryRunServer {
		options = append(options, client.DryRunAll)
	}
	if err := c.Patch(ctx, i.object, client.RawPatch(types.MergePatchType, patch), options...); err != nil {
		return fmt.Errorf("annotate %s: %w", i.ref, err)
	}
	switch {
	case w.diff:
		text, err := diff(i.ref.String(), before, i.object)
		if err != nil {
			return err
		}
		return w.say("%s", text)
	case w.dryRun == dryRunServer:
		return w.say("%s %s (server dry run)\n", i.ref, w.verb)
	default:
		return w.say("%s %s\n", i.ref, w.verb)
	}
}

func (w *writer) say(format string, args ...any) error {
	_, err := fmt.Fprintf(w.plugin.Out, format, args...)
	return err
}
