package manifests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// maxURL bounds what is read from a URL, in bytes.
	maxURL = 32 << 20
	// urlTimeout bounds how long that may take.
	urlTimeout = 30 * time.Second
)

// extensions are those of the files that are read of a folder.
var extensions = []string{".json", ".yaml", ".yml"}

// sources are the texts that one name refers to.
func (o *Options) sources(ctx context.Context, name string) ([]*source, error) {
	switch {
	case name == "-":
		text, err := io.ReadAll(o.Stdin)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return one(newSource("stdin", text))
	case strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"):
		text, err := o.fetch(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		return one(newSource(name, text))
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, readError(name, err)
	}
	if !info.IsDir() {
		return one(readFile(name))
	}
	return o.folder(name)
}

func one(s *source, err error) ([]*source, error) { return []*source{s}, err }

func readFile(name string) (*source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return &source{name: name}, readError(name, err)
	}
	return newSource(name, text)
}

// readError returns the error of a file without repeating its name.
func readError(name string, err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// folder are the files of a folder, sorted.
func (o *Options) folder(root string) ([]*source, error) {
	var out []*source
	var errs []error
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if path != root && !o.Recursive {
				return fs.SkipDir
			}
		case slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			s, err := readFile(path)
			errs = append(errs, err)
			out = append(out, s)
		}
		return nil
	})
	if err != nil {
		errs = append(errs, readError(root, err))
	}
	return out, errors.Join(errs...)
}

func (o *Options) fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, urlTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := o.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s, not 200 OK", response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxURL+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxURL {
		return nil, fmt.Errorf("it is larger than %d bytes", maxURL)
	}
	return text, nil
}
