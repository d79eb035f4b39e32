package finding

import (
	"fmt"
	"strconv"
	"strings"
)

// Path is the path of a field in an object: keys, and indexes of lists as decimal
// numbers. It may go on inside a text that is YAML itself, such as an entry of a
// ConfigMap's data.
type Path []string

// NewPath makes a path of keys (strings), indexes (ints) and further paths.
func NewPath(steps ...any) Path {
	out := make(Path, 0, len(steps))
	for _, s := range steps {
		switch s := s.(type) {
		case int:
			out = append(out, strconv.Itoa(s))
		case Path:
			out = append(out, s...)
		default:
			out = append(out, fmt.Sprint(s))
		}
	}
	return out
}

// String is the path as the API writes it: spec.endpoints[0].port,
// metadata.annotations[kong.latency/target-ms].
func (p Path) String() string {
	var b strings.Builder
	for i, step := range p {
		switch {
		case i == 0:
			b.WriteString(step)
		case plain(step):
			b.WriteString("." + step)
		default:
			b.WriteString("[" + step + "]")
		}
	}
	return b.String()
}

// plain reports whether a step is written behind a dot: an identifier.
func plain(step string) bool {
	for i, r := range step {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return step != ""
}

// ParsePath reads a path as the Kubernetes API writes it, such as that of a field.Error.
func ParsePath(text string) Path {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}
