package cli

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// krewManifest is what the plugin's manifest must consist of.
type krewManifest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Version          string `json:"version"`
		Homepage         string `json:"homepage"`
		ShortDescription string `json:"shortDescription"`
		Description      string `json:"description"`
		Caveats          string `json:"caveats"`
		Platforms        []struct {
			Selector struct {
				MatchLabels map[string]string `json:"matchLabels"`
			} `json:"selector"`
			URI    string `json:"uri"`
			SHA256 string `json:"sha256"`
			Bin    string `json:"bin"`
		} `json:"platforms"`
	} `json:"spec"`
}

// released are the platforms of a release, as os/arch.
func released(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "hack", "release.mk"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^PLATFORMS \?= (.*)$`).FindSubmatch(raw)
	if m == nil {
		t.Fatal("hack/release.mk names no PLATFORMS")
	}
	return strings.Fields(string(m[1]))
}

// The manifest is of the release that it is made of, for every platform.
func TestKrewManifest(t *testing.T) {
	const version = "v1.2.3"
	platforms := released(t)
	dist := t.TempDir()
	sums := map[string]string{}
	for _, p := range platforms {
		name := fmt.Sprintf("kubectl-latency_%s_%s.tar.gz", version, strings.ReplaceAll(p, "/", "_"))
		if err := os.WriteFile(filepath.Join(dist, name), []byte(p), 0o644); err != nil {
			t.Fatal(err)
		}
		sums["https://github.com/kong-latency/kong-latency/releases/download/"+version+"/"+name] = fmt.Sprintf("%x", sha256.Sum256([]byte(p)))
	}
	script := filepath.Join("..", "hack", "krew.sh")
	out, err := exec.CommandContext(t.Context(), script, version, dist).Output()
	if err != nil {
		t.Fatal(err)
	}
	var m krewManifest
	if err := yaml.UnmarshalStrict(out, &m); err != nil {
		t.Fatal(err)
	}
	if m.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || m.Kind != "Plugin" || m.Metadata.Name != "latency" || m.Spec.Version != version {
		t.Errorf("got %+v", m)
	}
	if n := len(m.Spec.ShortDescription); n == 0 || n > 50 || m.Spec.Description == "" || m.Spec.Homepage == "" {
		t.Errorf("krew shows at most 50 characters of the short description, and this one has %d: %+v", n, m.Spec)
	}
	if strings.Contains(string(out), "VERSION") || strings.Contains(string(out), "SHA256_") {
		t.Errorf("something is not filled in:\n%s", out)
	}
	got := map[string]string{}
	var named []string
	for _, p := range m.Spec.Platforms {
		got[p.URI] = p.SHA256
		named = append(named, p.Selector.MatchLabels["os"]+"/"+p.Selector.MatchLabels["arch"])
		if p.Bin != "kubectl-latency" || !strings.Contains(p.URI, strings.ReplaceAll(named[len(named)-1], "/", "_")) {
			t.Errorf("got %+v", p)
		}
	}
	if diff := cmp.Diff(sums, got); diff != "" {
		t.Error(diff)
	}
	slices.Sort(named)
	slices.Sort(platforms)
	if diff := cmp.Diff(platforms, named); diff != "" {
		t.Error(diff)
	}
	if err := os.Remove(filepath.Join(dist, "kubectl-latency_"+version+"_linux_amd64.tar.gz")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), script, version, dist).CombinedOutput(); err == nil || !strings.Contains(string(out), "there is no ") {
		t.Errorf("an archive is missing: got %v, %s", err, out)
	}
}

// kubectl runs the script with the words that are on the command line so far, the
// last of which may be empty.
func TestCompletionScript(t *testing.T) {
	folder := t.TempDir()
	plugin := "#!/bin/sh\nfor word; do echo \"<$word>\"; done\n"
	if err := os.WriteFile(filepath.Join(folder, "kubectl-latency"), []byte(plugin), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join("..", "krew", "kubectl_complete-latency"), "explain", "two words", "")
	cmd.Env = append(os.Environ(), "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.Output()
	if want := "<__complete>\n<explain>\n<two words>\n<>\n"; err != nil || string(out) != want {
		t.Errorf("got %q, %v", out, err)
	}
}
