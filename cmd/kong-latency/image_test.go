package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kong-latency/kong-latency/"

// The build context of the image has every package of the program, so that a missing
// one is found without building an image.
func TestImageBuildContextIsComplete(t *testing.T) {
	ignored := lines(read(t, ".dockerignore"))
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, pkg := range lines(string(out)) {
		folder, found := strings.CutPrefix(pkg, module)
		if !found {
			continue
		}
		count++
		for at := folder; at != "."; at = path.Dir(at) {
			if slices.Contains(ignored, at) {
				t.Errorf("package %s is needed, and .dockerignore leaves out %s", pkg, at)
			}
		}
	}
	if count == 0 {
		t.Fatal("found no package of the project")
	}
}

// The linker silently ignores a variable that does not exist.
func TestBuildsSetAVersionThatExists(t *testing.T) {
	for _, file := range []string{"Dockerfile", "Makefile"} {
		name := regexp.MustCompile(module + `([a-z/]+)\.version\b`).FindStringSubmatch(read(t, file))
		if name == nil {
			t.Errorf("%s sets no version", file)
			continue
		}
		if source := read(t, filepath.Join(name[1], "version.go")); !strings.Contains(source, "\nvar version string\n") {
			t.Errorf("%s sets %s, and there is no such variable", file, name[0])
		}
	}
}

// The image contains only the program, for every platform, and runs as a numeric user
// that is not root.
func TestImageContainsOnlyTheProgram(t *testing.T) {
	stages := strings.Split(read(t, "Dockerfile"), "\nFROM ")
	last := stages[len(stages)-1]
	for _, want := range []string{"scratch\n", "\nUSER 65532:65532\n", "\nENTRYPOINT [\"/kong-latency\"]", "org.opencontainers.image.version", "org.opencontainers.image.revision"} {
		if !strings.Contains("FROM "+last, want) {
			t.Errorf("the last stage lacks %q", strings.TrimSpace(want))
		}
	}
	if strings.Count(last, "\nCOPY ") != 1 || strings.Contains(last, "\nRUN ") {
		t.Error("the last stage contains more than the program")
	}
	for _, want := range []string{"--platform=$BUILDPLATFORM", "CGO_ENABLED=0", "GOOS=$TARGETOS", "GOARCH=$TARGETARCH"} {
		if !strings.Contains(read(t, "Dockerfile"), want) {
			t.Errorf("the build lacks %s", want)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
