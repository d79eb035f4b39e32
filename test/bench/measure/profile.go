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

// Part is a part of a program: the functions whose full names contain Functions, and
// everything that these call.
type Part struct{ Name, Functions string }

// Share is the fraction of a program's CPU time that a part used, from 0 to 1. Parts
// may overlap.
type Share struct {
	Name string
	Of   float64
}

// Profile records a CPU profile of a program that serves pprof under base. It retries
// while the program does not answer yet.
func Profile(ctx context.Context, c *http.Client, base string, seconds int) (*profile.Profile, error) {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", base, seconds)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	var resp *http.Response
	var last error // the last failed attempt
	const often, bound = 5 * time.Millisecond, 10 * time.Second
	err = wait.PollUntilContextTimeout(ctx, often, bound, true, func(context.Context) (bool, error) {
		resp, last = c.Do(req) //nolint:bodyclose // closed below
		return last == nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("request a profile: %w", errors.Join(err, last))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("request a profile: %s answered %s", url, resp.Status)
	}
	p, err := profile.Parse(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read a profile: %w", err)
	}
	return p, nil
}

// Shares returns the fraction of the CPU time in p that each part used.
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
