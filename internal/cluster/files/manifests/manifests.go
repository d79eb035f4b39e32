// Package manifests reads manifests into objects and records the file and line of each
// field, so that an error can be shown there.
package manifests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Options are what to read.
type Options struct {
	// Filenames are files, folders and URLs; "-" is standard input.
	Filenames []string
	// Recursive reads the folders in folders as well.
	Recursive bool
	// Kustomize is a folder with a kustomization, or empty.
	Kustomize string

	// Namespace is that of objects which name none.
	Namespace string
	Stdin     io.Reader
	// Client reads URLs; nil is http.DefaultClient.
	Client *http.Client
}

// AddFlags adds the flags that kubectl has for the same.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&o.Filenames, "filename", "f", nil, "files, folders or URLs with manifests; - is standard input")
	flags.BoolVarP(&o.Recursive, "recursive", "R", false, "read the folders in folders as well")
	flags.StringVarP(&o.Kustomize, "kustomize", "k", "", "a folder with a kustomization, which is built and read")
}

// Validate returns an error if there is nothing to read.
func (o *Options) Validate() error {
	if len(o.Filenames) == 0 && o.Kustomize == "" {
		return errors.New("nothing to read: name files, folders or URLs, - for standard input, or a kustomization by -k")
	}
	stdin := 0
	for _, f := range o.Filenames {
		if f == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return errors.New("standard input (-) can be read only once")
	}
	return nil
}

// Object is one object, and its position in the files.
type Object struct {
	*unstructured.Unstructured
	// places are the texts that the object comes from, the object itself first and
	// the patches in their order behind it. There is at least one.
	places []place
}

// Contents are what was read.
type Contents struct {
	Objects []Object
	// Skipped are what looks like objects of Kubernetes, but is not read as kubectl would
	// not read it either.
	Skipped []Skipped
}

// Skipped is a document that was not read.
type Skipped struct {
	Position
	// Why says what it is, and how its objects can be read.
	Why string
}

// String is one line for people.
func (s Skipped) String() string { return fmt.Sprintf("%s: not read: %s", s.Position, s.Why) }

// TellSkipped writes a line for each document that was not read.
func (c Contents) TellSkipped(w io.Writer) error {
	for _, s := range c.Skipped {
		if _, err := fmt.Fprintln(w, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *Contents) add(more Contents) {
	c.Objects = append(c.Objects, more.Objects...)
	c.Skipped = append(c.Skipped, more.Skipped...)
}

// ErrNothing is returned if no object of Kubernetes was read, and nothing failed.
var ErrNothing = errors.New("no Kubernetes object was read: an object has apiVersion, kind and metadata.name")

// Read reads everything that the options name. Documents that are not objects of
// Kubernetes are skipped. If there is an error, which names every file and line that
// could not be read, the other objects are returned as well.
func Read(ctx context.Context, o Options) (Contents, error) {
	var out Contents
	var errs []error
	for _, name := range o.Filenames {
		sources, err := o.sources(ctx, name)
		errs = append(errs, err)
		for _, s := range sources {
			found, err := s.contents()
			out.add(found)
			errs = append(errs, err)
		}
	}
	if o.Kustomize != "" {
		found, err := built(o.Kustomize)
		out.add(found)
		errs = append(errs, err)
	}
	for _, object := range out.Objects {
		if object.GetNamespace() == "" && !slices.Contains(clusterScoped, object.GetKind()) {
			object.SetNamespace(o.Namespace)
		}
	}
	err := errors.Join(errs...)
	if err == nil && len(out.Objects) == 0 && len(o.Filenames)+len(o.Kustomize) > 0 {
		err = ErrNothing
	}
	return out, err
}

// The kinds that the product looks at: those without a namespace, and those in one.
var (
	clusterScoped = []string{"Namespace", "GatewayClass", "APIService", "LatencyPolicy"}
	namespaced    = []string{
		"Deployment", "Service", "ConfigMap", "HorizontalPodAutoscaler", "ScaledObject", "ServiceMonitor", "Prometheus",
		"DataPlaneMetricsExtension", "ControlPlane", "GatewayConfiguration", "Gateway", "HTTPRoute",
	}
)

// contents are those of one file.
func (s *source) contents() (Contents, error) {
	var out Contents
	documents, err := s.documents()
	errs := []error{err}
	for _, d := range documents {
		found, err := objectsIn(d.value, place{source: s, node: d.node, line: d.line, offset: d.line - 1})
		out.add(found)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// objectsIn is the object that a document is, or those of the list that it is.
func objectsIn(value any, at place) (Contents, error) {
	if entries, ok := value.([]any); ok {
		return inArray(entries, at), nil
	}
	content, ok := value.(map[string]any)
	if !ok {
		return Contents{}, nil
	}
	kind, version := text(content, "kind"), text(content, "apiVersion")
	if kind == "" || version == "" {
		return Contents{}, nil
	}
	if items, isList := content["items"].([]any); isList {
		return inList(kind, version, items, at)
	}
	if objects, isTemplate := content["objects"].([]any); isTemplate && kind == "Template" {
		return at.skip("it is a Template of OpenShift with %d objects; `oc process` makes them", len(objects)), nil
	}
	metadata, _ := content["metadata"].(map[string]any)
	if text(metadata, "name") == "" {
		if !slices.Contains(clusterScoped, kind) && !slices.Contains(namespaced, kind) {
			return Contents{}, nil // files such as a kustomization look like objects, and are none
		}
		prefix := text(metadata, "generateName")
		if prefix == "" {
			return Contents{}, at.errorf([]string{"metadata", "name"}, "%s has no name: metadata.name must be text", kind)
		}
		metadata["name"] = prefix + Generated
	}
	textual(metadata)
	return Contents{Objects: []Object{{Unstructured: &unstructured.Unstructured{Object: content}, places: []place{at}}}}, nil
}

// Generated ends the name of an object that has metadata.generateName instead; the API
// server would put five characters there.
const Generated = "*"

// inList is the objects of a list. In one like a DeploymentList, entries need not say what
// they are.
func inList(kind, version string, items []any, at place) (Contents, error) {
	var out Contents
	var errs []error
	for i, item := range items {
		if entry, ok := item.(map[string]any); ok && kind != "List" {
			setDefault(entry, "kind", strings.TrimSuffix(kind, "List"))
			setDefault(entry, "apiVersion", version)
		}
		found, err := objectsIn(item, at.item(i))
		out.add(found)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// inArray reports an array of objects, which kubectl refuses. Other arrays are other files.
func inArray(entries []any, at place) Contents {
	objects := 0
	for _, e := range entries {
		if content, ok := e.(map[string]any); ok && text(content, "kind") != "" && text(content, "apiVersion") != "" {
			objects++
		}
	}
	if objects == 0 {
		return Contents{}
	}
	return at.skip("it is an array of %d objects, which kubectl refuses; make it the items of a List", objects)
}

func (p place) skip(format string, args ...any) Contents {
	at, _ := p.at(nil)
	return Contents{Skipped: []Skipped{{Position: at, Why: fmt.Sprintf(format, args...)}}}
}

// text is a field's text, empty if it is absent or something else.
func text(content map[string]any, field string) string {
	s, _ := content[field].(string)
	return s
}

func setDefault(content map[string]any, field, value string) {
	if text(content, field) == "" {
		content[field] = value
	}
}

// textual makes text of labels and annotations that are not, so that they can be read as
// any other. The API server refuses such an object; see Object.Scalar.
func textual(metadata map[string]any) {
	for _, field := range []string{"labels", "annotations"} {
		entries, ok := metadata[field].(map[string]any)
		if !ok {
			delete(metadata, field)
			continue
		}
		for k, v := range entries {
			switch v.(type) {
			case string:
			case nil:
				entries[k] = ""
			default:
				entries[k] = fmt.Sprint(v)
			}
		}
	}
}
