package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/version"
)

// The corpus: folders of manifests, each with the mistakes that are in it, as
// "file:line: severity: Reason". Where a folder has a file args, lint is called
// with that, and a file stdin is its standard input. What is expected was written
// with the manifests and is never rewritten by a test.
func TestLintCorpus(t *testing.T) {
	for kind, want := range map[string]struct{ folders, code int }{
		"bad":  {60, plugin.ExitFindings},
		"good": {10, plugin.ExitClean},
	} {
		folders, err := filepath.Glob(filepath.Join("testdata", "lint", kind, "*"))
		if err != nil || len(folders) < want.folders {
			t.Fatalf("want at least %d folders of %s, got %d, %v", want.folders, kind, len(folders), err)
		}
		for _, folder := range folders {
			t.Run(kind+"/"+filepath.Base(folder), func(t *testing.T) {
				t.Chdir(folder)
				args := []string{"lint", "-R", "-f", "."}
				if raw, err := os.ReadFile("args"); err == nil {
					args = append([]string{"lint"}, strings.Fields(string(raw))...)
				}
				stdin, _ := os.ReadFile("stdin")
				code, stdout, stderr := run(t, string(stdin), append(args, "-o", "json", "--fail-on", "warning")...)
				if code != want.code || stderr != "" {
					t.Errorf("ends with %d, not %d; stderr: %s", code, want.code, stderr)
				}
				expected, err := os.ReadFile("expected")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(expected), found(t, stdout)); diff != "" {
					t.Errorf("(-expected +found)\n%s\n%s", diff, stdout)
				}
			})
		}
	}
}

// found is the JSON output of lint as the corpus writes it.
func found(t *testing.T, stdout string) string {
	t.Helper()
	var log struct {
		Findings []struct {
			File, Severity, Reason string
			Line                   int
		}
	}
	if err := json.Unmarshal([]byte(stdout), &log); err != nil {
		t.Fatalf("%v in %q", err, stdout)
	}
	var b strings.Builder
	for _, f := range log.Findings {
		fmt.Fprintf(&b, "%s:%d: %s: %s\n", filepath.ToSlash(f.File), f.Line, f.Severity, f.Reason)
	}
	return b.String()
}

// shop is a folder with mistakes of several kinds.
var shop = filepath.Join("testdata", "shop")

func TestLintOutput(t *testing.T) {
	for name, args := range map[string][]string{
		"human.txt":  {},
		"json.json":  {"-o", "json"},
		"github.txt": {"-o", "github"},
	} {
		goldenRun(t, "lint-output/"+name, plugin.ExitFindings, append([]string{"lint", "-f", shop}, args...)...)
	}
	// The version of the build stands in the log.
	_, stdout, _ := run(t, "", "lint", "-f", shop, "-o", "sarif")
	golden(t, "lint-output/sarif.sarif", strings.Replace(stdout, version.String(), "VERSION", 1))
}

// What SARIF requires of a log, as far as it can be said without its schema.
func TestLintSARIF(t *testing.T) {
	_, stdout, _ := run(t, "", "lint", "-f", shop, "-o", "sarif")
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version, InformationURI string
					Rules                         []struct {
						ID                     string
						ShortDescription, Help struct{ Text string }
						DefaultConfiguration   struct{ Level string }
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex *int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct {
							StartLine int
							Snippet   struct{ Text string }
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatalf("got version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	levels := []string{"error", "warning", "note", "none"}
	driver, results := log.Runs[0].Tool.Driver, log.Runs[0].Results
	if driver.Name == "" || driver.Version == "" || len(driver.Rules) == 0 || len(results) < len(driver.Rules) {
		t.Errorf("got %d results of %+v", len(results), driver)
	}
	ids := map[string]bool{}
	for _, rule := range driver.Rules {
		if ids[rule.ID] || rule.ShortDescription.Text == "" || rule.Help.Text == "" || !slices.Contains(levels, rule.DefaultConfiguration.Level) {
			t.Errorf("rule %+v", rule)
		}
		ids[rule.ID] = true
	}
	for _, r := range results {
		if r.RuleIndex == nil || driver.Rules[*r.RuleIndex].ID != r.RuleID || !slices.Contains(levels, r.Level) || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("result %+v", r)
			continue
		}
		at := r.Locations[0].PhysicalLocation
		u, err := url.Parse(at.ArtifactLocation.URI)
		if err != nil || u.IsAbs() || strings.HasPrefix(u.Path, "/") {
			t.Errorf("URI %q, %v", at.ArtifactLocation.URI, err)
			continue
		}
		raw, err := os.ReadFile(filepath.FromSlash(u.Path))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(raw), "\n")
		if n := at.Region.StartLine; n < 1 || n > len(lines) || lines[n-1] != at.Region.Snippet.Text {
			t.Errorf("line %d is not %q", n, at.Region.Snippet.Text)
		}
	}
}

// Without findings every format still is what it says.
func TestLintOutputOfNothing(t *testing.T) {
	file := filepath.Join("..", "config", "samples", "echo.yaml")
	for format, want := range map[string]string{
		"human":  "",
		"github": "",
		"json":   "{\n  \"findings\": []\n}\n",
	} {
		if code, stdout, stderr := run(t, "", "lint", file, "-o", format); code != plugin.ExitClean || stdout != want || stderr != "" {
			t.Errorf("%s: got %d, %q, %q", format, code, stdout, stderr)
		}
	}
	if _, stdout, _ := run(t, "", "lint", file, "-o", "sarif"); !strings.Contains(stdout, `"results": []`) || !strings.Contains(stdout, `"rules": []`) {
		t.Errorf("got %s", stdout)
	}
}

func TestLintFailOn(t *testing.T) {
	warning := filepath.Join("testdata", "lint", "bad", "monitor-interval-longish")
	broken := filepath.Join("testdata", "lint", "bad", "monitor-port")
	for _, tt := range []struct {
		folder, failOn string
		want           int
	}{
		{warning, "error", plugin.ExitClean},
		{warning, "warning", plugin.ExitFindings},
		{warning, "never", plugin.ExitClean},
		{broken, "error", plugin.ExitFindings},
		{broken, "warning", plugin.ExitFindings},
		{broken, "never", plugin.ExitClean},
	} {
		if code, stdout, _ := run(t, "", "lint", "-f", tt.folder, "--fail-on", tt.failOn); code != tt.want || stdout == "" {
			t.Errorf("%s, %s: got %d, %q", tt.folder, tt.failOn, code, stdout)
		}
	}
}

// What cannot be read ends with 2, whatever else is found, and that is told too.
func TestLintCannotRun(t *testing.T) {
	t.Chdir("testdata")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"nothing":      {nil, "error: nothing to read: name files"},
		"absent":       {[]string{"-f", "absent.yaml"}, "error: read absent.yaml: no such file or directory"},
		"template":     {[]string{"-f", "unreadable/template.yaml"}, "error: unreadable/template.yaml:4: "},
		"not YAML":     {[]string{"-f", "unreadable/tabs.yaml"}, "error: unreadable/tabs.yaml:9: "},
		"not a number": {[]string{"-f", "unreadable/replicas.yaml"}, "error: unreadable/replicas.yaml:2: Deployment default/echo is not what its kind says"},
		"nameless":     {[]string{"-f", "unreadable/nameless.yaml"}, "error: unreadable/nameless.yaml:8: Service has no name"},
		"no folder":    {[]string{"-k", "unreadable"}, "error: build kustomization unreadable: "},
		"format":       {[]string{"-f", "shop", "-o", "xml"}, `error: --output is "xml": allowed are human, json, sarif, github`},
		"severity":     {[]string{"-f", "shop", "--fail-on", "all"}, `error: --fail-on is "all": allowed are error, warning, never`},
		"stdin twice":  {[]string{"-f", "-,-"}, "error: standard input (-) can be read only once"},
		"policy":       {[]string{"-f", "shop", "--policy", "absent.yaml"}, "error: read absent.yaml: "},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := run(t, "", append([]string{"lint"}, tt.args...)...)
			if code != plugin.ExitFailed || !strings.HasPrefix(stderr, tt.want) {
				t.Errorf("got %d, %q", code, stderr)
			}
		})
	}
	code, stdout, stderr := run(t, "", "lint", "shop", "absent.yaml")
	if code != plugin.ExitFailed || !strings.Contains(stdout, "NoServiceSelectsPods") || !strings.Contains(stderr, "absent.yaml") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
}

// The page shows what lint prints.
func TestLintOnThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```\nshop.yaml:")
	shown, _, found := strings.Cut(after, "```")
	_, stdout, _ := run(t, "", "lint", "-f", shop)
	if printed := strings.ReplaceAll(filepath.ToSlash(stdout), "testdata/shop/", ""); !found || !strings.Contains(printed, "shop.yaml:"+shown) {
		t.Errorf("docs/cli.md shows\nshop.yaml:%s\nand lint prints\n%s", shown, printed)
	}
}
