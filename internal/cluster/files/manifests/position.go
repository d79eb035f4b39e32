package manifests

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// Position is a line of a file.
type Position struct {
	// File is the path of the file.
	File string
	// Line counts from 1.
	Line int
	// Text is the line.
	Text string
}

// String is the position as editors accept it: "file:line".
func (p Position) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// place is where an object is in a file.
type place struct {
	source *source
	// node is the object; nil if there are no positions.
	node *yamlv3.Node
	// line is the first one of the document, and offset what is to be added to the
	// lines of its nodes.
	line, offset int
}

// item is the place of an entry of the list that is here.
func (p place) item(i int) place {
	if p.node != nil {
		if _, node, rest := find(p.node, []string{"items", strconv.Itoa(i)}); len(rest) == 0 {
			p.node = node
			return p
		}
	}
	p.node = nil
	return p
}

// errorf is an error about a field of what is here.
func (p place) errorf(path []string, format string, args ...any) error {
	at, _ := p.at(path)
	return fmt.Errorf("%s: "+format, append([]any{at}, args...)...)
}

// at is the position of a field, or if it is absent of the innermost one around
// it that is there; whole is true if all of the path is there.
func (p place) at(path []string) (at Position, whole bool) {
	if p.node == nil {
		return p.source.position(p.line), len(path) == 0
	}
	key, _, rest := find(p.node, path)
	return p.source.position(key.Line + p.offset), len(rest) == 0
}

// find follows a path as far as it goes. It returns the node that a person would
// point at (the key of a field, the beginning of an entry), the value, and what
// of the path is not there.
func find(n *yamlv3.Node, path []string) (at, value *yamlv3.Node, rest []string) {
	at, value = n, resolved(n)
	for i, step := range path {
		key, next := child(value, step)
		if next == nil {
			return at, value, path[i:]
		}
		at, value = key, resolved(next)
	}
	return at, value, nil
}

// child is the field or entry of a node, and what to point at for it.
func child(n *yamlv3.Node, step string) (key, value *yamlv3.Node) {
	switch n.Kind {
	case yamlv3.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	case yamlv3.MappingNode:
		// The last of equal keys counts, and what is merged in counts for less.
		for i := len(n.Content) - 2; i >= 0; i -= 2 {
			if n.Content[i].Value == step && n.Content[i].Tag != "!!merge" {
				return n.Content[i], n.Content[i+1]
			}
		}
		return merged(n, step)
	}
	return nil, nil
}

func merged(n *yamlv3.Node, step string) (key, value *yamlv3.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			continue
		}
		from := resolved(n.Content[i+1])
		sources := []*yamlv3.Node{from}
		if from.Kind == yamlv3.SequenceNode {
			sources = from.Content
		}
		for _, s := range sources {
			if key, value = child(resolved(s), step); value != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

// resolved is what an alias refers to.
func resolved(n *yamlv3.Node) *yamlv3.Node {
	for n.Kind == yamlv3.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

// Position returns the position of a field, or that of the object's name if the field is
// absent. A step of the path is the name of a field or the number of an entry. ok is
// false if it is absent.
func (o Object) Position(path ...string) (at Position, ok bool) {
	for _, p := range slices.Backward(o.places) {
		if at, whole := p.at(path); whole {
			return at, true
		}
	}
	if at, whole := o.places[0].at([]string{"metadata", "name"}); whole {
		return at, false
	}
	at, _ = o.places[0].at([]string{"kind"})
	return at, false
}

// PositionIn returns the position of a field in YAML that is the value of another field,
// as in a ConfigMap. If it is not known, ok is false, and the position is that of the
// outer field.
func (o Object) PositionIn(outer, inner []string) (at Position, ok bool) {
	for _, p := range slices.Backward(o.places) {
		if p.node == nil {
			continue
		}
		_, value, rest := find(p.node, outer)
		if len(rest) > 0 || value.Kind != yamlv3.ScalarNode || value.Style&yamlv3.LiteralStyle == 0 {
			continue
		}
		var root yamlv3.Node
		if yamlv3.Unmarshal([]byte(value.Value), &root) != nil || len(root.Content) == 0 {
			continue
		}
		// The text begins on the line behind that of the mark |.
		key, _, _ := find(root.Content[0], inner)
		return p.source.position(value.Line + key.Line + p.offset), true
	}
	at, _ = o.Position(outer...)
	return at, false
}

// Scalar returns a value as it is written in the file, without quotes. text is false if
// it is a number or a boolean in YAML. found is false if it is absent, or not a scalar.
func (o Object) Scalar(path ...string) (written string, text, found bool) {
	for _, p := range slices.Backward(o.places) {
		if p.node == nil {
			continue
		}
		if _, value, rest := find(p.node, path); len(rest) == 0 && value.Kind == yamlv3.ScalarNode {
			return value.Value, isText(value), true
		}
	}
	return "", false, false
}

// isText reports whether kubectl reads a value as text. To it, other than to the
// positions' parser, yes and on are booleans.
func isText(n *yamlv3.Node) bool {
	if n.Style&(yamlv3.DoubleQuotedStyle|yamlv3.SingleQuotedStyle|yamlv3.LiteralStyle|yamlv3.FoldedStyle) != 0 {
		return true
	}
	switch n.Tag {
	case "!!int", "!!float", "!!bool":
		return false
	}
	switch strings.ToLower(n.Value) {
	case "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}

// Repeated returns the positions of a field that is set more than once, without the
// first; the last step of the path is its name.
func (o Object) Repeated(path ...string) []Position {
	p := o.places[0]
	if p.node == nil {
		return nil
	}
	last := len(path) - 1
	_, parent, rest := find(p.node, path[:last])
	if len(rest) > 0 || parent.Kind != yamlv3.MappingNode {
		return nil
	}
	var out []Position
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i].Value == path[last] {
			out = append(out, p.source.position(parent.Content[i].Line+p.offset))
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out[1:]
}

// position is a line of the file, with its text.
func (s *source) position(line int) Position {
	if s.lines == nil {
		s.lines = strings.Split(string(s.text), "\n")
	}
	// To YAML, a carriage return alone ends a line, and to editors it does not.
	line = min(max(1, line), len(s.lines))
	return Position{File: s.name, Line: line, Text: strings.TrimRight(s.lines[line-1], "\r")}
}
