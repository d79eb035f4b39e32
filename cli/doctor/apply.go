package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// fieldManager is under which name fixes are applied.
const fieldManager = "kubectl-latency"

// restartedAt is the annotation by which kubectl restarts a Deployment.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// apply applies the fixes that are manifests: all are tried by a dry run first, and
// somebody has to agree. The rest is printed, to be carried out by hand.
func (e *examination) apply(ctx context.Context, reports []Report) error {
	out := e.options.plugin.Out
	list := fixes(reports)
	var objects []*unstructured.Unstructured
	var byHand []fix
	for _, f := range list {
		objects = append(objects, f.objects...)
		if len(f.objects) == 0 {
			byHand = append(byHand, f)
		}
	}
	if len(byHand) > 0 {
		if err := printByHand(out, byHand); err != nil {
			return err
		}
	}
	if len(objects) == 0 {
		if len(list) == 0 {
			_, err := fmt.Fprintln(out, "Nothing is broken.")
			return err
		}
		return plugin.ErrFindings
	}
	if err := e.tryAll(ctx, out, objects); err != nil {
		return err
	}
	agreed, err := e.agree(ctx)
	switch {
	case err != nil:
		return err
	case !agreed:
		return errors.New("nothing was applied")
	}
	if err := e.applyAll(ctx, out, objects); err != nil {
		return err
	}
	if len(byHand) > 0 {
		return plugin.ErrFindings
	}
	return nil
}

// printByHand says what cannot be applied. Values for Helm are among it: a ConfigMap
// that Helm manages would be changed back by the next upgrade.
func printByHand(w io.Writer, list []fix) error {
	var out strings.Builder
	out.WriteString("These are for you to carry out:\n")
	for _, f := range list {
		fmt.Fprintf(&out, "\n%s, which fixes %s%s:\n", f.hop, f.reason, f.origin())
		for l := range strings.Lines(f.text) {
			out.WriteString("    " + strings.TrimSuffix(l, "\n") + "\n")
		}
	}
	out.WriteString("\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// tryAll has the API server check every object, and prints what would be done.
func (e *examination) tryAll(ctx context.Context, w io.Writer, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		if err := e.applyOne(ctx, o, client.DryRunAll); err != nil {
			return fmt.Errorf("try %s: %w", nameOf(o), err)
		}
		if _, err := fmt.Fprintf(w, "would apply %s\n", nameOf(o)); err != nil {
			return err
		}
		if e.isAdapterConfig(o) {
			if _, err := fmt.Fprintf(w, "would restart %s, which reads it only once\n", e.state.Snapshot.Adapter.Deployment); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *examination) applyAll(ctx context.Context, w io.Writer, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		if err := e.applyOne(ctx, o); err != nil {
			return fmt.Errorf("apply %s: %w", nameOf(o), err)
		}
		if _, err := fmt.Fprintf(w, "applied %s\n", nameOf(o)); err != nil {
			return err
		}
		if !e.isAdapterConfig(o) {
			continue
		}
		if err := e.restart(ctx); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "restarted %s\n", e.state.Snapshot.Adapter.Deployment); err != nil {
			return err
		}
	}
	return nil
}

// applyOne applies an object server-side. Fields that others own are taken over:
// they are what is wrong, and somebody agreed.
func (e *examination) applyOne(ctx context.Context, o *unstructured.Unstructured, more ...client.ApplyOption) error {
	options := append([]client.ApplyOption{client.FieldOwner(fieldManager), client.ForceOwnership}, more...)
	return e.cluster.Apply(ctx, client.ApplyConfigurationFromUnstructured(o.DeepCopy()), options...)
}

// isAdapterConfig reports whether an object is the configuration of an adapter that can
// be restarted.
func (e *examination) isAdapterConfig(o *unstructured.Unstructured) bool {
	a := e.state.Snapshot.Adapter
	return a.State == pipeline.Known && a.Deployment.Kind == "Deployment" &&
		o.GetKind() == a.ConfigMap.Kind && o.GetNamespace() == a.ConfigMap.Namespace && o.GetName() == a.ConfigMap.Name
}

// restart restarts the adapter as kubectl rollout restart does.
func (e *examination) restart(ctx context.Context) error {
	at := e.state.Snapshot.Adapter.Deployment
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = at.Namespace, at.Name
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{%q:%q}}}}}`, restartedAt, time.Now().Format(time.RFC3339))
	if err := e.cluster.Patch(ctx, d, client.RawPatch(types.StrategicMergePatchType, []byte(patch)), client.FieldOwner(fieldManager)); err != nil {
		return fmt.Errorf("restart %s: %w", at, err)
	}
	return nil
}

// agree prompts for a confirmation, unless it was given beforehand. No answer is no.
func (e *examination) agree(ctx context.Context) (bool, error) {
	if e.options.Yes {
		return true, nil
	}
	if _, err := fmt.Fprint(e.options.plugin.ErrOut, "Apply this? [y/N] "); err != nil {
		return false, err
	}
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(e.options.plugin.In).ReadString('\n') // what was read before the end counts
		answer <- line
	}()
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case line := <-answer:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes", nil
	}
}
