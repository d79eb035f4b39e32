package manifests

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// built are the objects of a kustomization. Kustomize does not report where they come
// from; their places are the documents of the same kind and name in the files that it
// read, patches among them.
func built(folder string) (Contents, error) {
	disk := &recorder{FileSystem: filesys.MakeFsOnDisk()}
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, folder)
	if err != nil {
		return Contents{}, fmt.Errorf("build kustomization %s: %w", folder, err)
	}
	read := disk.places()
	if len(read.root.text) == 0 {
		read.root.name = folder
	}
	var out Contents
	var errs []error
	for _, r := range made.Resources() {
		raw, err := r.MarshalJSON()
		if err != nil {
			errs = append(errs, fmt.Errorf("build kustomization %s: %w", folder, err))
			continue
		}
		var content any
		if err := utiljson.Unmarshal(raw, &content); err != nil {
			errs = append(errs, fmt.Errorf("build kustomization %s: %w", folder, err))
			continue
		}
		found, err := objectsIn(content, place{source: read.root, line: 1})
		for i, o := range found.Objects {
			if places := read.of(o.Unstructured); len(places) > 0 {
				found.Objects[i].places = places
			}
		}
		out.add(found)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// recorder is a file system that remembers which files were read.
type recorder struct {
	filesys.FileSystem

	mu   sync.Mutex
	read []*source
}

// ReadFile implements filesys.FileSystem.
func (r *recorder) ReadFile(path string) ([]byte, error) {
	text, err := r.FileSystem.ReadFile(path)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !slices.ContainsFunc(r.read, func(s *source) bool { return s.name == path }) {
			if s, err := newSource(path, text); err == nil {
				r.read = append(r.read, s)
			}
		}
	}
	return text, err
}

// readPlaces are the documents in the files that a kustomization was built from.
type readPlaces struct {
	// root is the file of the kustomization itself.
	root *source
	// all are in the order in which they were read: what is changed comes before
	// what changes it.
	all []place
}

func (r *recorder) places() readPlaces {
	out := readPlaces{root: &source{}}
	var inline []place
	for _, s := range r.read {
		isKustomization := slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(s.name))
		s.name = shown(s.name)
		if isKustomization && len(out.root.text) == 0 {
			out.root = s
		}
		documents, err := s.documents()
		if err != nil {
			continue // it was read for something else than objects
		}
		for _, d := range documents {
			if d.node == nil {
				continue
			}
			at := place{source: s, node: d.node, line: d.line, offset: d.line - 1}
			out.all = append(out.all, at)
			if isKustomization {
				// The outer kustomization is read first, and its patches are applied last.
				inline = append(at.inlinePatches(), inline...)
			}
		}
	}
	out.all = append(out.all, inline...)
	return out
}

// inlinePatches are those that a kustomization holds as text.
func (p place) inlinePatches() []place {
	var out []place
	_, patches, rest := find(p.node, []string{"patches"})
	if len(rest) > 0 || patches.Kind != yamlv3.SequenceNode {
		return nil
	}
	for _, entry := range patches.Content {
		_, text, rest := find(entry, []string{"patch"})
		var root yamlv3.Node
		if len(rest) > 0 || text.Style&yamlv3.LiteralStyle == 0 ||
			yamlv3.Unmarshal([]byte(text.Value), &root) != nil || len(root.Content) == 0 {
			continue
		}
		out = append(out, place{source: p.source, node: root.Content[0], line: text.Line + p.offset, offset: text.Line + p.offset})
	}
	return out
}

// of are the places of an object. Where a prefix or suffix was added to its name
// they are those with the longest part of it.
func (r readPlaces) of(u *unstructured.Unstructured) []place {
	var out []place
	longest := 0
	for _, p := range r.all {
		kind, name := scalarAt(p.node, "kind"), scalarAt(p.node, "metadata", "name")
		if kind != u.GetKind() || name == "" || !strings.Contains(u.GetName(), name) || len(name) < longest {
			continue
		}
		if len(name) > longest {
			longest, out = len(name), nil
		}
		out = append(out, p)
	}
	return out
}

func scalarAt(n *yamlv3.Node, path ...string) string {
	if _, value, rest := find(n, path); len(rest) == 0 && value.Kind == yamlv3.ScalarNode {
		return value.Value
	}
	return ""
}

// shown is a path as a person would write it: seen from the working folder if the file is
// in it or next to it.
func shown(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if here, err = filepath.EvalSymlinks(here); err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, path); err == nil && strings.Count(relative, "..") < 3 {
		return relative
	}
	return path
}
