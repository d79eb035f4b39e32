package annotations

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
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

// Settings are what users set with the annotations on one object: parsed, with nothing
// defaulted. A nil pointer or an empty string means that the key is absent.
type Settings struct {
	// Target is the latency to hold, in milliseconds.
	Target *resource.Quantity
	// Off is true if autoscaling is declined; Target is nil then.
	Off                     bool
	Statistic               LatencyStatistic
	RequestsPerSecondPerPod *Load
	ConcurrencyPerPod       *Load
	MinReplicas             *int32
	MaxReplicas             *int32
	Service                 string
	Deployment              string
	Metric                  string
	Behavior                string
	CPUUtilization          *int32
	OnNoEffect              NoEffect
	Paused                  PauseMode
	PreserveReplicas        *bool
	Adopt                   string
}

// Parsed is the result of parsing the annotations of one object. The zero value is an
// object without annotations of the product.
type Parsed struct {
	// Settings are the valid ones. A target that auto-attach wrote is not among them,
	// because no user set it.
	Settings Settings
	// Violations are the values that cannot be used, sorted by key.
	Violations []Violation
	// Requested is true if the object itself requests autoscaling: it has a target,
	// be it valid or not, that neither is "off" nor was written by auto-attach.
	Requested bool
	// Stamp is what auto-attach recorded on the object; nil if it recorded nothing.
	Stamp *Stamp
	// Stamped is true if the target is still the one that auto-attach recorded.
	Stamped bool
	// Raw holds every annotation of the product as it is written, by key. It may be
	// the map that was parsed, and must not be changed.
	Raw map[string]string
}

// Violation is one annotation whose value cannot be used.
type Violation struct {
	// Key and Value are the annotation as it is written.
	Key, Value string
	// Detail says what is wrong, or what is allowed: "must be true or false".
	Detail string
}

// Error is the violation as the API server words errors:
// metadata.annotations[key]: Invalid value: "value": must be true or false.
func (v Violation) Error() string {
	return field.Invalid(path.Key(finding.Cut(v.Key)), finding.Cut(v.Value), v.Detail).Error()
}

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

// Prefixed returns the annotations of the product, or nil if there are none. If all
// are, it returns the argument.
func Prefixed(all map[string]string) map[string]string {
	n := 0
	for k := range all {
		if strings.HasPrefix(k, Prefix) {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(all):
		return all
	}
	out := make(map[string]string, n)
	for k, v := range all {
		if strings.HasPrefix(k, Prefix) {
			out[k] = v
		}
	}
	return out
}

// Parse reads the annotations of an object of kind k. Annotations of other products are
// ignored. Every bad value, every unknown key and every key that belongs on the other
// kind is a violation.
func Parse(k Kind, all map[string]string) Parsed {
	p := Parsed{Raw: Prefixed(all)}
	if len(p.Raw) == 0 {
		return Parsed{}
	}
	var buffer [16]string
	names := buffer[:0]
	for name := range p.Raw {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if detail := p.read(k, name, p.Raw[name]); detail != "" {
			p.Violations = append(p.Violations, Violation{Key: name, Value: p.Raw[name], Detail: detail})
		}
	}
	if least, most := p.Settings.MinReplicas, p.Settings.MaxReplicas; least != nil && most != nil && *least > *most {
		p.Violations = append(p.Violations, Violation{
			Key: MinReplicas, Value: p.Raw[MinReplicas],
			Detail: fmt.Sprintf("must be at most %s, which is %d", MaxReplicas, *most),
		})
	}
	if p.Stamp != nil && p.Settings.Target != nil && p.Stamp.gave(*p.Settings.Target) {
		p.Stamped, p.Settings.Target = true, nil
	}
	target, present := p.Raw[TargetMS]
	p.Requested = present && target != Off && !p.Stamped
	return p
}

// read parses one annotation, or says what is wrong with it.
func (p *Parsed) read(k Kind, name, value string) (wrong string) {
	key, known := keysByName[name]
	switch {
	case !known:
		return "unknown annotation" + suggest(name)
	case !slices.Contains(key.Kinds, k):
		return fmt.Sprintf("belongs on a %s, not on a %s", key.Kinds[0], k)
	case !key.parse(value, p):
		return "must be " + key.Value
	}
	return ""
}

const replicasAllowed = "an integer from 1 to 999999999"

var (
	decimal   = regexp.MustCompile(`^(0|[1-9][0-9]{0,6})(\.[0-9]{1,3})?$`)
	integer   = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
	metric    = regexp.MustCompile(`^[A-Za-z0-9_:.-]{1,253}$`)
	maxTarget = resource.MustParse("3600000")
	maxLoad   = resource.MustParse("1000000")
)

// The parsers below report whether the value is allowed, which Keys documents, and
// change nothing if it is not.

func parseTarget(value string, p *Parsed) bool {
	if value == Off {
		p.Settings.Off = true
		return true
	}
	q, ok := targetOf(value)
	if ok {
		p.Settings.Target = &q
	}
	return ok
}

// targetOf is the number of milliseconds in a value of TargetMS.
func targetOf(value string) (q resource.Quantity, ok bool) {
	if !decimal.MatchString(value) {
		return q, false
	}
	q, err := resource.ParseQuantity(value)
	return q, err == nil && q.Sign() > 0 && q.Cmp(maxTarget) <= 0
}

// ValidTarget reports whether TargetMS may have this value, as a number.
func ValidTarget(value string) bool {
	_, ok := targetOf(value)
	return ok
}

// FormatTarget formats a number of milliseconds as a value of TargetMS: decimal, never in
// milli-units, and without trailing zeros.
func FormatTarget(q resource.Quantity) string {
	text := q.AsDec().String() // q is a copy: AsDec changes the representation of a Quantity
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

func parseCPU(value string, p *Parsed) bool {
	var percent *int32
	if !parseReplicas(value, &percent) || *percent > 100 {
		return false
	}
	p.Settings.CPUUtilization = percent
	return true
}

func parseMetric(value string, p *Parsed) bool {
	// "." and ".." cannot be in the path of the custom metrics API.
	if !metric.MatchString(value) || value == "." || value == ".." {
		return false
	}
	p.Settings.Metric = value
	return true
}

func parseBehavior(value string, p *Parsed) bool {
	if len(validation.IsDNS1123Label(value)) > 0 {
		return false
	}
	p.Settings.Behavior = value
	return true
}

func parsePaused(value string, p *Parsed) bool {
	switch mode := PauseMode(value); mode {
	case PauseNone, PauseAll, PauseScaleIn, PauseScaleOut:
		p.Settings.Paused = mode
		return true
	default:
		return false
	}
}

func parsePreserve(value string, p *Parsed) bool {
	if value != "true" && value != "false" {
		return false
	}
	p.Settings.PreserveReplicas = ptr.To(value == "true")
	return true
}

func parseName(value string, to *string) bool {
	if len(validation.IsDNS1123Subdomain(value)) > 0 {
		return false
	}
	*to = value
	return true
}
