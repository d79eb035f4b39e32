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

// What the image's build is given holds every package of the program. Nobody has
// to build an image to learn that it cannot be.
func TestImageIsGivenWhatItIsBuiltFrom(t *testing.T) {
	ignored := lines(read(t, ".dockerignore"))
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, pkg := range lines(string(out)) {
		folder, found := strings.CutPrefix(pkg, module)
		if !found {
			continue
		}
		ours++
		for at := folder; at != "."; at = path.Dir(at) {
			if slices.Contains(ignored, at) {
				t.Errorf("package %s is needed, and .dockerignore leaves out %s", pkg, at)
			}
		}
	}
	if ours == 0 {
		t.Fatal("found no package of ours")
	}
}

// The linker sets a variable that does not exist without a word.
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

// The image is the program and nothing else, for whichever platform, and runs as a
// number that is not root's.
func TestImageHoldsTheProgramAlone(t *testing.T) {
	stages := strings.Split(read(t, "Dockerfile"), "\nFROM ")
	last := stages[len(stages)-1]
	for _, want := range []string{"scratch\n", "\nUSER 65532:65532\n", "\nENTRYPOINT [\"/kong-latency\"]", "org.opencontainers.image.version", "org.opencontainers.image.revision"} {
		if !strings.Contains("FROM "+last, want) {
			t.Errorf("the last stage lacks %q", strings.TrimSpace(want))
		}
	}
	if strings.Count(last, "\nCOPY ") != 1 || strings.Contains(last, "\nRUN ") {
		t.Error("the last stage holds more than the program")
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
