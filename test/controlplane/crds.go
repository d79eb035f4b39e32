package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrlclient "sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// crdBound limits the wait for one definition to be served.
const crdBound = 30 * time.Second

// crdFolders contain definitions, each in a file of its name: those that `make
// controlplane` copies from their modules, and substitutes for Kong Operator's, whose
// module is too large to depend on for three of them.
func crdFolders() []string {
	return []string{
		filepath.Join(RepoRoot(), "bin", "crds"),
		filepath.Join(RepoRoot(), "test", "controlplane", "testdata", "crds"),
	}
}

// CRDs lists the names that InstallCRDs knows, sorted.
func CRDs() ([]string, error) {
	var names []string
	for _, folder := range crdFolders() {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil {
			return nil, fmt.Errorf("list definitions: %w", err)
		}
		for _, file := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(file), ".yaml"))
		}
	}
	slices.Sort(names)
	return names, nil
}

// InstallCRDs installs custom resource definitions of the kinds that a pipeline or an
// installation of the product needs, by names such as
// "servicemonitors.monitoring.coreos.com", or all of them if none is given. It
// returns when their objects can be listed.
func InstallCRDs(ctx context.Context, c ctrlclient.Client, names ...string) error {
	if len(names) == 0 {
		var err error
		if names, err = CRDs(); err != nil {
			return err
		}
	}
	var installed []*unstructured.Unstructured
	for _, name := range names {
		crd, err := readCRD(name)
		if err != nil {
			return err
		}
		err = c.Apply(ctx, ctrlclient.ApplyConfigurationFromUnstructured(crd), ctrlclient.FieldOwner("kubectl"), ctrlclient.ForceOwnership)
		if err != nil {
			return fmt.Errorf("install %s: %w", name, err)
		}
		installed = append(installed, crd)
	}
	for _, crd := range installed {
		if err := waitServed(ctx, c, crd); err != nil {
			return fmt.Errorf("wait for %s: %w", crd.GetName(), err)
		}
	}
	return nil
}

func readCRD(name string) (*unstructured.Unstructured, error) {
	for _, folder := range crdFolders() {
		raw, err := os.ReadFile(filepath.Join(folder, name+".yaml"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read definition of %s: %w", name, err)
		}
		// Via JSON, because unstructured needs int64 where YAML has int.
		if raw, err = yaml.YAMLToJSON(raw); err != nil {
			return nil, fmt.Errorf("decode definition of %s: %w", name, err)
		}
		crd := &unstructured.Unstructured{}
		if err := crd.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("decode definition of %s: %w", name, err)
		}
		unstructured.RemoveNestedField(crd.Object, "metadata", "creationTimestamp")
		unstructured.RemoveNestedField(crd.Object, "status")
		return crd, nil
	}
	return nil, fmt.Errorf("find the definition of %s: run `make controlplane`, or correct the name", name)
}

// waitServed waits until every served version can be listed.
func waitServed(ctx context.Context, c ctrlclient.Client, crd *unstructured.Unstructured) error {
	group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "listKind")
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, v := range versions {
		version, _ := v.(map[string]any)
		if served, _ := version["served"].(bool); !served {
			continue
		}
		name, _ := version["name"].(string)
		var last error
		err := wait.PollUntilContextTimeout(ctx, pollEvery, crdBound, true, func(ctx context.Context) (bool, error) {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: name, Kind: kind})
			last = c.List(ctx, list, ctrlclient.Limit(1))
			return last == nil, nil
		})
		if err != nil {
			return fmt.Errorf("%w; last answer: %w", err, last)
		}
	}
	return nil
}
