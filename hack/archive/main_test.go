package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSameFilesGiveSameBytes(t *testing.T) {
	archive := func(mode os.FileMode, at time.Time) []byte {
		file := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(file, []byte("content"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		out := file + ".tar.gz"
		if err := run([]string{out, file}); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	first := archive(0o600, time.Unix(1e9, 0))
	if !bytes.Equal(first, archive(0o755, time.Unix(2e9, 0))) {
		t.Error("the archive depends on when it was made, or on the umask")
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(unzipped)
	header, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil || header.Name != "program" || header.Mode != 0o755 || string(content) != "content" {
		t.Errorf("%s, mode %o, holds %q, error %v", header.Name, header.Mode, content, err)
	}
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{nil, {filepath.Join(dir, "a")}, {filepath.Join(dir, "a"), filepath.Join(dir, "absent")}} {
		if run(args) == nil {
			t.Errorf("%v: want an error", args)
		}
	}
}
