package measure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/pprof/profile"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Part is a part of a program: the functions that have Functions in their full names,
// and all that these call.
type Part struct{ Name, Functions string }

// Share is how much of the CPU time of a program a part took, from 0 to 1. Parts may
// lie within one another.
type Share struct {
	Name string
	Of   float64
}

// Profile has a program, whose profiles of Go's own making are served under base, make
// one of its CPU for so many seconds. A program that does not answer yet is asked again.
func Profile(ctx context.Context, c *http.Client, base string, seconds int) (*profile.Profile, error) {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", base, seconds)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	var resp *http.Response
	var last error // that it gave for not answering
	const often, bound = 5 * time.Millisecond, 10 * time.Second
	err = wait.PollUntilContextTimeout(ctx, often, bound, true, func(context.Context) (bool, error) {
		resp, last = c.Do(req) //nolint:bodyclose // closed below
		return last == nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("ask for a profile: %w", errors.Join(err, last))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for a profile: %s answered %s", url, resp.Status)
	}
	p, err := profile.Parse(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read a profile: %w", err)
	}
	return p, nil
}

// Shares tells how much of the CPU time in p each of the parts took.
func Shares(p *profile.Profile, parts []Part) []Share {
	var all int64
	took := make([]int64, len(parts))
	for _, s := range p.Sample {
		cpu := s.Value[len(s.Value)-1] // after the count of samples
		all += cpu
		for i, part := range parts {
			if passes(s, part) {
				took[i] += cpu
			}
		}
	}
	out := make([]Share, len(parts))
	for i, part := range parts {
		out[i] = Share{part.Name, float64(took[i]) / float64(max(all, 1))}
	}
	return out
}

func passes(s *profile.Sample, part Part) bool {
	for _, at := range s.Location {
		for _, line := range at.Line {
			if line.Function != nil && strings.Contains(line.Function.Name, part.Functions) {
				return true
			}
		}
	}
	return false
}
