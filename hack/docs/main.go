// Command docs writes the reference pages, annotations.md, findings.md, observability.md
// and status.md, from the declarations in the code.
//
//	go run ./hack/docs <folder>
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/internal/reference"
	"github.com/kong-latency/kong-latency/internal/status"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "write the reference pages: %v\n", err)
		os.Exit(1)
	}
}

// run writes the pages to the folder that args name.
func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("needs one argument, the folder to write to, and got %d", len(args))
	}
	pages, err := pages()
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := os.WriteFile(filepath.Join(args[0], p.name), []byte(p.text), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", p.name, err)
		}
	}
	return nil
}

// page is one file to write.
type page struct{ name, text string }

func pages() ([]page, error) {
	findings, err := findingsPage(reference.Reasons())
	if err != nil {
		return nil, fmt.Errorf("make findings.md: %w", err)
	}
	observability, err := observabilityPage(metrics.Product(), metrics.Others())
	if err != nil {
		return nil, fmt.Errorf("make observability.md: %w", err)
	}
	return []page{
		{"annotations.md", annotationsPage()},
		{"findings.md", findings},
		{"observability.md", observability},
		{"status.md", statusPage(status.ConditionReasons())},
	}, nil
}
