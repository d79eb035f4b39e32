package annotations

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// PauseMode says which directions of scaling are stopped.
type PauseMode string

// The values of the paused annotation.
const (
	PauseNone     PauseMode = "false"
	PauseAll      PauseMode = "true"
	PauseScaleIn  PauseMode = "scale-in"
	PauseScaleOut PauseMode = "scale-out"
)

// Settings is what the annotations on one object ask for: parsed, with nothing
// defaulted. A nil pointer or an empty string means that the key is absent.
type Settings struct {
	// Target is the latency to hold, in milliseconds.
	Target *resource.Quantity
	// Off is true if autoscaling is declined; Target is nil then.
	Off              bool
	MinReplicas      *int32
	MaxReplicas      *int32
	Service          string
	Deployment       string
	Metric           string
	Behavior         string
	CPUUtilization   *int32
	Paused           PauseMode
	PreserveReplicas *bool
	Adopt            string
	// AttachedBy is what auto-attach recorded; nil if it did nothing.
	AttachedBy *Stamp
}

// Asked tells whether the settings ask for autoscaling at all.
func (s Settings) Asked() bool { return s.Target != nil }

var (
	keysByName = byName(Keys())
	// path is where the API shows annotations, so that errors can be found in a manifest.
	path = field.NewPath("metadata", "annotations")
)

func byName(keys []Key) map[string]Key {
	m := make(map[string]Key, len(keys))
	for _, k := range keys {
		m[k.Name] = k
	}
	return m
}

// Ours returns the annotations whose keys are ours, or nil if there are none.
func Ours(all map[string]string) map[string]string {
	var ours map[string]string
	for k, v := range all {
		if strings.HasPrefix(k, Prefix) {
			if ours == nil {
				ours = make(map[string]string, 2)
			}
			ours[k] = v
		}
	}
	return ours
}

// Asks tells whether somebody asks for autoscaling by raw annotations, be their
// values valid or not. What auto-attach wrote asks for nothing.
func Asks(all map[string]string) bool {
	value, ok := all[TargetMS]
	return ok && value != Off && !stamped(all)
}

// Parse reads the settings from the annotations of an object of kind k.
// Annotations that are not ours are passed over. It reports every bad value,
// every key that it does not know and every key that belongs on the other kind,
// sorted by key; the settings then hold what was valid.
func Parse(k Kind, all map[string]string) (Settings, field.ErrorList) {
	var s Settings
	var errs field.ErrorList
	ours := Ours(all)
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		value := ours[name]
		key, known := keysByName[name]
		switch {
		case !known:
			errs = append(errs, field.Invalid(path.Key(name), value, "unknown annotation"+suggest(name)))
		case !slices.Contains(key.Kinds, k):
			errs = append(errs, field.Invalid(path.Key(name), value,
				fmt.Sprintf("belongs on a %s, not on a %s", key.Kinds[0], k)))
		default:
			next := s
			if !key.parse(value, &next) {
				errs = append(errs, field.Invalid(path.Key(name), value, "must be "+key.Value))
				continue
			}
			s = next
		}
	}
	if s.MinReplicas != nil && s.MaxReplicas != nil && *s.MinReplicas > *s.MaxReplicas {
		errs = append(errs, field.Invalid(path.Key(MinReplicas), ours[MinReplicas],
			fmt.Sprintf("must be at most %s, which is %d", MaxReplicas, *s.MaxReplicas)))
	}
	return s, errs
}

const replicasAllowed = "an integer from 1 to 999999999"

var (
	decimal   = regexp.MustCompile(`^(0|[1-9][0-9]{0,6})(\.[0-9]{1,3})?$`)
	integer   = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
	metric    = regexp.MustCompile(`^[A-Za-z0-9_:.-]{1,253}$`)
	maxTarget = resource.MustParse("3600000")
)

// The parsers below tell whether the value is allowed; what is allowed stands in Keys.

func parseTarget(value string, s *Settings) bool {
	if value == Off {
		s.Target, s.Off = nil, true
		return true
	}
	if !decimal.MatchString(value) {
		return false
	}
	q, err := resource.ParseQuantity(value)
	if err != nil || q.Sign() <= 0 || q.Cmp(maxTarget) > 0 {
		return false
	}
	s.Target, s.Off = &q, false
	return true
}

// ValidTarget tells whether TargetMS may have this value, as a number.
func ValidTarget(value string) bool {
	var s Settings
	return parseTarget(value, &s) && !s.Off
}

// FormatTarget is a number of milliseconds as TargetMS has it: decimal, never in
// milli-units, and no longer than needed.
func FormatTarget(q resource.Quantity) string {
	text := q.AsDec().String() // q is a copy: AsDec changes how a Quantity is held
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func parseReplicas(value string, to **int32) bool {
	if !integer.MatchString(value) {
		return false
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		return false
	}
	*to = ptr.To(int32(n))
	return true
}

func parseCPU(value string, s *Settings) bool {
	var percent *int32
	if !parseReplicas(value, &percent) || *percent > 100 {
		return false
	}
	s.CPUUtilization = percent
	return true
}

func parseMetric(value string, s *Settings) bool {
	// "." and ".." cannot stand in the path of the custom metrics API.
	if !metric.MatchString(value) || value == "." || value == ".." {
		return false
	}
	s.Metric = value
	return true
}

func parseBehavior(value string, s *Settings) bool {
	s.Behavior = value
	return len(validation.IsDNS1123Label(value)) == 0
}

func parsePaused(value string, s *Settings) bool {
	s.Paused = PauseMode(value)
	return slices.Contains([]PauseMode{PauseNone, PauseAll, PauseScaleIn, PauseScaleOut}, s.Paused)
}

func parsePreserve(value string, s *Settings) bool {
	s.PreserveReplicas = ptr.To(value == "true")
	return value == "true" || value == "false"
}

func parseName(value string, to *string) bool {
	*to = value
	return len(validation.IsDNS1123Subdomain(value)) == 0
}

// suggest names the known key that was probably meant, or all of them.
func suggest(name string) string {
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Name)
	}
	if best, ok := Nearest(name, names); ok {
		return fmt.Sprintf(": did you mean %s?", best)
	}
	known := make([]string, 0, len(keysByName))
	for name, k := range keysByName {
		if !k.Written {
			known = append(known, strings.TrimPrefix(name, Prefix))
		}
	}
	slices.Sort(known)
	return fmt.Sprintf(": known after %s are %s", Prefix, strings.Join(known, ", "))
}

// Nearest returns the candidate that somebody who wrote name probably meant; ok is
// false if none is near. Of equally near ones it is the first.
func Nearest(name string, candidates []string) (best string, ok bool) {
	distance := 4
	for _, c := range candidates {
		if d := editDistance(name, c); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// editDistance is the Levenshtein distance in bytes; keys longer than 100 bytes are far from all.
func editDistance(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
