package output

import "strings"

// Difference is one way in which an object differs from what a plan wants it to be.
type Difference struct {
	// Field names what differs as people do, such as "max replicas".
	Field string
	// From is what the object has, and To what the plan wants, each with its unit. One
	// that is empty stands for nothing; if both are, only that they differ is known.
	From, To string
}

// String is the difference in words: "max replicas 10 to 20".
func (d Difference) String() string {
	if d.From == "" && d.To == "" {
		return d.Field
	}
	return d.Field + " " + orNone(d.From) + " to " + orNone(d.To)
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// Differences are all ways in which an object differs, in a fixed order.
type Differences []Difference

// String is the differences in words.
func (d Differences) String() string {
	texts := make([]string, len(d))
	for i, one := range d {
		texts[i] = one.String()
	}
	return strings.Join(texts, ", ")
}
