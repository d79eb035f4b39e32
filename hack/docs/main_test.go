package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/reference"
)

// The pages in the tree are generated from the current declarations.
func TestPagesAreUpToDate(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{dir}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"annotations.md", "findings.md", "observability.md", "status.md"} {
		if diff := cmp.Diff(read(t, filepath.Join("..", "..", "docs", name)), read(t, filepath.Join(dir, name))); diff != "" {
			t.Errorf("%s is out of date; run make generate\n%s", name, diff)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Every reason that is declared anywhere in the code has its section.
func TestEveryReasonHasASection(t *testing.T) {
	page, err := findingsPage(reference.Reasons())
	if err != nil {
		t.Fatal(err)
	}
	names := declared(t)
	if len(names) == 0 {
		t.Fatal("found no declarations")
	}
	for _, name := range names {
		if !strings.Contains(page, "\n### "+name+"\n") {
			t.Errorf("%s is declared, but no Reasons() lists it", name)
		}
	}
}

// declared returns the names in all declarations outside tests: literals of
// finding.Reason, and calls of finding.Hop's method Reason.
func declared(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if isReason(n.Type) {
					names = append(names, nameIn(n)...)
				}
			case *ast.CallExpr:
				if isReason(n.Fun) && len(n.Args) == 5 {
					name := text(n.Args[0])
					if name == "" {
						t.Errorf("%s: the name of a reason must be a literal", path)
					}
					names = append(names, name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func isReason(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Reason"
}

func nameIn(literal *ast.CompositeLit) []string {
	for _, e := range literal.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if key, isIdent := kv.Key.(*ast.Ident); isIdent && key.Name == "Name" && text(kv.Value) != "" {
			return []string{text(kv.Value)}
		}
	}
	return nil
}

// text is the value of a string literal; empty if it is none.
func text(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return value
}

// Texts of reasons are sentences, and their names are PascalCase.
func TestReasonsAreWellFormed(t *testing.T) {
	for _, r := range reference.Reasons() {
		if !strings.HasSuffix(r.Summary, ".") || !strings.HasSuffix(r.Fix, ".") {
			t.Errorf("%s: summary and fix must be sentences: %q, %q", r.Name, r.Summary, r.Fix)
		}
		if strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || strings.ToUpper(r.Name[:1]) != r.Name[:1] {
			t.Errorf("%s is not PascalCase", r.Name)
		}
	}
}

func TestEveryHopHasAChapter(t *testing.T) {
	var hops []*finding.Hop
	for _, c := range reference.Chapters()[1:] {
		hops = append(hops, c.Hop)
	}
	if diff := cmp.Diff(append(source.Hops(), outputs.Hops()...), hops); diff != "" {
		t.Error(diff)
	}
}

func TestFindingsPageRefuses(t *testing.T) {
	good := finding.Reason{Name: "A", Severity: finding.Error, Summary: "S.", Fix: "F."}
	nameless, nowhere, odd := good, good, good
	nameless.Name, nowhere.Hop, odd.Severity = "", &finding.Hop{Name: "elsewhere"}, "Odd"
	for want, in := range map[string][]*finding.Reason{
		`declared more than once`: {&good, &good},
		`needs a name`:            {&nameless},
		`hop "elsewhere"`:         {&nowhere},
		`the severity "Odd"`:      {&odd},
	} {
		if _, err := findingsPage(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestRunNeedsAFolder(t *testing.T) {
	for _, args := range [][]string{nil, {"a", "b"}, {filepath.Join(t.TempDir(), "absent")}} {
		if run(args) == nil {
			t.Errorf("%v: want an error", args)
		}
	}
}

func TestTableEscapesBars(t *testing.T) {
	m := &markdown{}
	m.table([]string{"a"}, [][]string{{"x|y"}})
	if want := "\n| a |\n|---|\n| x\\|y |\n"; m.String() != want {
		t.Errorf("got %q", m.String())
	}
}

// Every key has a unique anchor, which links rely on.
func TestAnnotationAnchors(t *testing.T) {
	text := annotationsPage()
	for _, k := range annotations.Keys() {
		if strings.Count(text, `<a id="`+anchor(k)+`"></a>`) != 1 {
			t.Errorf("%s has no anchor", k.Name)
		}
	}
}
