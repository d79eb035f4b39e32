// Command archive packs programs into a reproducible .tar.gz: the same programs give
// the same bytes.
//
//	go run ./hack/archive <output> <program>…
package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "make archive: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) (err error) {
	if len(args) < 2 {
		return fmt.Errorf("needs an output and at least one program, and got %d arguments", len(args))
	}
	out, err := os.Create(args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return pack(out, args[1:])
}

// pack writes the files in the given order under their base names. Times, owners and
// modes are fixed.
func pack(w io.Writer, files []string) error {
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: filepath.Base(file), Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content)), Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
		if _, err := archive.Write(content); err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
	}
	return errors.Join(archive.Close(), zipped.Close())
}
