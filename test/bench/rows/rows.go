// Package rows holds the measurements, each row in a file of its name.
package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
)

// Row is one measurement.
type Row struct {
	// Name is the file's name and the value of ROW=.
	Name string
	run  func(context.Context, *Session) (report.Row, error)
}

// All returns every row, in the order of the report.
func All() []Row {
	return []Row{
		{"admission", admissionRow},
		{"admission-caches", admissionCachesRow},
		{"create", createRow},
		{"create-unannotated", createUnannotatedRow},
		{"attach", attachRow},
		{"visible", visibleRow},
		{"writes", writesRow},
		{"memory", memoryRow},
		{"memory-object", memoryObjectRow},
		{"statuses", statusesRow},
		{"ready", readyRow},
		{"growth", growthRow},
	}
}

// Named returns the row of that name, or all if it is empty.
func Named(name string) ([]Row, error) {
	all := All()
	if name == "" {
		return all, nil
	}
	i := slices.IndexFunc(all, func(r Row) bool { return r.Name == name })
	if i < 0 {
		var names []string
		for _, r := range all {
			names = append(names, r.Name)
		}
		return nil, fmt.Errorf("there is no row %q: must be one of %s", name, strings.Join(names, ", "))
	}
	return all[i : i+1], nil
}

// Sizes say how much is measured.
type Sizes struct {
	Rounds int
	// Requests are sent to a webhook in each round of each case.
	Requests int
	// Creates are made through the API server in each round, on each side.
	Creates int
	// Attach is how many workloads wait for the controller to start.
	Attach int
	// PerSecond and Seconds say how fast workloads are created, and for how long.
	PerSecond, Seconds int
	// Writes is the number of workloads for which writes are counted.
	Writes int
	// Many is the number of workloads in the rows with many.
	Many int
	// Objects is the number of Deployments that are not enabled.
	Objects int
	// CachedServices and CachedObjects are in the caches in row admission-caches.
	CachedServices, CachedObjects int
	// Growth are the sizes of the graphs.
	Growth []int
}

// Full returns the sizes of the report.
func Full() Sizes {
	return Sizes{
		Rounds: 5, Requests: 2500, Creates: 200, Attach: 5000, PerSecond: 50, Seconds: 8, Writes: 500,
		Many: 10_000, Objects: 10_000, CachedServices: 2000, CachedObjects: 500, Growth: []int{100, 1000, 10_000},
	}
}

// Session is one run of the benchmark.
type Session struct {
	Sizes
	Logf func(format string, args ...any)

	filled *plane.Plane
	empty  *plane.Plane
}

// Run measures one row. Errors are reported in it.
func (s *Session) Run(ctx context.Context, r Row) report.Row {
	out, err := r.run(ctx, s)
	out.Name = r.Name
	if err != nil {
		out.Failed = err.Error()
	}
	return out
}

// start starts a plane for one row.
func (s *Session) start(ctx context.Context) (*plane.Plane, error) {
	return plane.Start(ctx, nil)
}

// emptyPlane is a plane with the product's manifests and no workload, shared by rows
// that leave it so.
func (s *Session) emptyPlane(ctx context.Context) (*plane.Plane, error) {
	if s.empty != nil {
		return s.empty, nil
	}
	p, err := s.start(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Install(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	s.empty = p
	return p, nil
}

// filledPlane is a plane with many workloads, all attached, shared by rows that leave
// it so.
func (s *Session) filledPlane(ctx context.Context) (*plane.Plane, error) {
	if s.filled != nil {
		return s.filled, nil
	}
	s.Logf("making %d workloads", s.Many)
	p, err := s.start(ctx)
	if err != nil {
		return nil, err
	}
	if err := fillAttached(ctx, p, s.Many); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	s.filled = p
	return p, nil
}

// fillAttached creates n workloads with their autoscalers and statuses.
func fillAttached(ctx context.Context, p *plane.Plane, n int) error {
	if err := p.Fill(ctx, 0, n, plane.Services, plane.Workloads); err != nil {
		return err
	}
	if err := p.Install(ctx); err != nil {
		return err
	}
	if err := applyAll(ctx, p, n); err != nil {
		return err
	}
	return writeStatuses(ctx, p, n)
}

// Close stops the shared planes.
func (s *Session) Close() error {
	var errs []error
	for _, p := range []*plane.Plane{s.empty, s.filled} {
		if p != nil {
			errs = append(errs, p.Stop())
		}
	}
	s.empty, s.filled = nil, nil
	return errors.Join(errs...)
}
