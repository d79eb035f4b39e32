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

// Read reads everything that the options name. Documents that are not objects of
// Kubernetes are skipped. If there is an error, which names every file and line that
// could not be read, the other objects are returned as well.
func Read(ctx context.Context, o Options) ([]Object, error) {
	var objects []Object
	var errs []error
	for _, name := range o.Filenames {
		sources, err := o.sources(ctx, name)
		if err != nil {
			errs = append(errs, err)
		}
		for _, s := range sources {
			found, err := s.objects()
			objects = append(objects, found...)
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	if o.Kustomize != "" {
		found, err := built(o.Kustomize)
		objects = append(objects, found...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	for _, object := range objects {
		if object.GetNamespace() == "" && !slices.Contains(clusterScoped, object.GetKind()) {
			object.SetNamespace(o.Namespace)
		}
	}
	return objects, errors.Join(errs...)
}

// The kinds that the product looks at: those without a namespace, and those in one.
var (
	clusterScoped = []string{"Namespace", "GatewayClass", "APIService", "LatencyPolicy"}
	namespaced    = []string{
		"Deployment", "Service", "ConfigMap", "HorizontalPodAutoscaler", "ScaledObject", "ServiceMonitor", "Prometheus",
		"DataPlaneMetricsExtension", "ControlPlane", "GatewayConfiguration", "Gateway", "HTTPRoute",
	}
)

// objects are the objects of one file.
func (s *source) objects() ([]Object, error) {
	var out []Object
	var errs []error
	documents, err := s.documents()
	if err != nil {
		errs = append(errs, err)
	}
	for _, d := range documents {
		found, err := objectsIn(d.value, place{source: s, node: d.node, line: d.line, offset: d.line - 1})
		out = append(out, found...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

// objectsIn is the object that a document is, or those of the list that it is.
func objectsIn(value any, at place) ([]Object, error) {
	content, ok := value.(map[string]any)
	if !ok {
		return nil, nil
	}
	kind, isText := content["kind"].(string)
	version, _ := content["apiVersion"].(string)
	if !isText || kind == "" || version == "" {
		return nil, nil
	}
	if items, isList := content["items"].([]any); isList {
		var out []Object
		var errs []error
		for i, item := range items {
			found, err := objectsIn(item, at.item(i))
			out = append(out, found...)
			errs = append(errs, err)
		}
		return out, errors.Join(errs...)
	}
	metadata, _ := content["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if name == "" {
		if slices.Contains(clusterScoped, kind) || slices.Contains(namespaced, kind) {
			return nil, at.errorf([]string{"metadata", "name"}, "%s has no name: metadata.name must be text", kind)
		}
		return nil, nil // files such as a kustomization look like objects, and are none
	}
	textual(metadata)
	return []Object{{Unstructured: &unstructured.Unstructured{Object: content}, places: []place{at}}}, nil
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
