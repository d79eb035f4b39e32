// Command chart derives templates of the Helm chart from the manifests in config, so
// that roles, webhooks and the rest have a single source. What the chart's values
// change in them is in rules.go; the Deployments, in which they change most, are
// templates written by hand, which a test compares with config.
//
//	go run ./hack/chart <folder of config> <folder of the derived templates>
//
// Everything else in the second folder is removed.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "derive the chart: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("needs two arguments, the folder of config and the folder to write to, and got %d", len(args))
	}
	files, err := derive(args[0])
	if err != nil {
		return err
	}
	if err := os.RemoveAll(args[1]); err != nil { // a template may be obsolete
		return fmt.Errorf("empty the folder: %w", err)
	}
	if err := os.MkdirAll(args[1], 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(args[1], f.name), []byte(f.text), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", f.name, err)
		}
	}
	return nil
}
