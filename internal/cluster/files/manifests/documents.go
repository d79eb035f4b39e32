package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// source is the text of one file.
type source struct {
	// name is the file as it was named, or found in a folder that was.
	name string
	text []byte
	// lines is filled in when a line is first needed.
	lines []string
}

// document is one document of a file.
type document struct {
	// line is its first one in the file, from 1.
	line int
	// value is what kubectl reads it as.
	value any
	// node is the same with positions, counted from the document's first line; nil
	// if it has none.
	node *yamlv3.Node
}

// newSource decodes the text as kubectl does: UTF-8, or UTF-16 with a byte order mark, as
// PowerShell writes what is redirected to a file.
func newSource(name string, raw []byte) (*source, error) {
	text, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), raw)
	if err != nil {
		return &source{name: name}, fmt.Errorf("read %s: decode its text: %w", name, err)
	}
	return &source{name: name, text: text}, nil
}

// documents are the documents of the file that are not empty.
func (s *source) documents() ([]document, error) {
	if out, ok := jsonDocuments(s.text); ok {
		return out, nil
	}
	var out []document
	var errs []error
	for _, part := range split(s.text) {
		d, err := parse(part.text)
		if err != nil {
			errs = append(errs, s.invalid(part, err))
			continue
		}
		if d.value != nil {
			d.line = part.line
			out = append(out, d)
		}
	}
	return out, errors.Join(errs...)
}

// part is some whole lines of a file.
type part struct {
	line int
	text []byte
}

// split cuts a file where lines begin with "---", which then begin the next part.
func split(text []byte) []part {
	var out []part
	begin, first, line := 0, 1, 0
	for at := 0; at < len(text); {
		line++
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if separates(text[at:end]) && at > begin {
			out = append(out, part{first, text[begin:at]})
			begin, first = at, line
		}
		at = end
	}
	return append(out, part{first, text[begin:]})
}

func separates(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	return ok && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0])))
}

// parse reads one document. Values are those that kubectl reads, which differ
// from what the positions' parser makes of words such as yes and on.
func parse(text []byte) (document, error) {
	var root yamlv3.Node
	if err := yamlv3.Unmarshal(text, &root); err != nil {
		return document{}, err
	}
	if root.Kind != yamlv3.DocumentNode || len(root.Content) == 0 {
		return document{}, nil
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		return document{}, err
	}
	var value any
	if err := utiljson.Unmarshal(raw, &value); err != nil {
		return document{}, err
	}
	return document{value: value, node: root.Content[0]}, nil
}

// jsonDocuments reads a file of JSON, of which several may follow one after the
// other; ok is false if it is not JSON.
func jsonDocuments(text []byte) (out []document, ok bool) {
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for decoder.More() {
		begin := int(decoder.InputOffset())
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, false
		}
		begin += bytes.IndexByte(text[begin:], '{')
		d := document{line: 1 + bytes.Count(text[:begin], []byte("\n"))}
		if err := utiljson.Unmarshal(raw, &d.value); err != nil {
			return nil, false
		}
		var root yamlv3.Node
		// JSON that is not YAML, for its escapes, has no positions.
		if yamlv3.Unmarshal(raw, &root) == nil && len(root.Content) > 0 {
			d.node = root.Content[0]
		}
		out = append(out, d)
	}
	return out, true
}

var lineOfError = regexp.MustCompile(`line (\d+):? ?`)

var (
	template = regexp.MustCompile(`(?m)^.*\{\{`)
	tabbed   = regexp.MustCompile(`(?m)^ *\t`)
)

// lineOf is the number of lines before the first match.
func lineOf(text []byte, pattern *regexp.Regexp) int {
	m := pattern.FindIndex(text)
	if m == nil {
		return 0
	}
	return bytes.Count(text[:m[0]], []byte("\n"))
}

// invalid is an error of YAML with the line in the file, not in the document.
func (s *source) invalid(p part, err error) error {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "), "yaml: ")
	text = strings.Join(strings.Fields(strings.TrimPrefix(text, "unmarshal errors:")), " ")
	line := p.line
	if m := lineOfError.FindStringSubmatchIndex(text); m != nil {
		if n, err := strconv.Atoi(text[m[2]:m[3]]); err == nil {
			line += n - 1
		}
		text = text[:m[0]] + text[m[1]:]
	}
	hint := "it must be YAML or JSON"
	// The line of the parser is approximate. In two usual cases the exact one is known.
	switch {
	case bytes.Contains(p.text, []byte("{{")):
		hint = "a template must be rendered first, as by helm template"
		line = p.line + lineOf(p.text, template)
	case strings.Contains(text, "tab character"):
		line = p.line + lineOf(p.text, tabbed)
	}
	return fmt.Errorf("%s:%d: %s; %s", s.name, line, text, hint)
}
