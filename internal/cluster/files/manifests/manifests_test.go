package manifests

import (
	"encoding/binary"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// parsed is the objects of a text.
func parsed(t *testing.T, text string) []Object {
	t.Helper()
	read, err := Read(t.Context(), Options{Filenames: []string{"-"}, Stdin: strings.NewReader(text), Namespace: "default"})
	if err != nil && !errors.Is(err, ErrNothing) {
		t.Fatal(err)
	}
	return read.Objects
}

func names(objects []Object) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName())
	}
	return out
}

func thing(name string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\n"
}

func TestReadFolders(t *testing.T) {
	folder := write(t, map[string]string{
		"b.yaml": thing("b"), "a.yml": thing("a"), "c.JSON": `{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"}}`,
		"d.txt": thing("d"), "below/e.yaml": thing("e"),
	})
	for _, tt := range []struct {
		options Options
		want    []string
	}{
		{Options{Filenames: []string{folder}}, []string{"Service x/a", "Service x/b", "Service x/c"}},
		{Options{Filenames: []string{folder}, Recursive: true}, []string{"Service x/a", "Service x/b", "Service x/e", "Service x/c"}},
		{Options{Filenames: []string{filepath.Join(folder, "d.txt"), filepath.Join(folder, "a.yml")}}, []string{"Service x/d", "Service x/a"}},
	} {
		tt.options.Namespace = "x"
		read, err := Read(t.Context(), tt.options)
		if diff := cmp.Diff(tt.want, names(read.Objects)); diff != "" || err != nil {
			t.Errorf("%v: %v\n%s", tt.options.Filenames, err, diff)
		}
	}
}

func TestReadURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/app.yaml":
			_, _ = w.Write([]byte(thing("a")))
		case "/large.yaml":
			_, _ = w.Write(make([]byte, maxURL+1))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	read, err := Read(t.Context(), Options{Filenames: []string{server.URL + "/app.yaml"}, Client: server.Client()})
	objects := read.Objects
	if err != nil || len(objects) != 1 {
		t.Fatalf("got %v, %v", names(objects), err)
	}
	if at, _ := objects[0].Position("kind"); at.File != server.URL+"/app.yaml" || at.Line != 2 {
		t.Errorf("got %s", at)
	}
	for path, want := range map[string]string{"/absent.yaml": "answers 404 Not Found, not 200 OK", "/large.yaml": "larger than"} {
		if _, err := Read(t.Context(), Options{Filenames: []string{server.URL + path}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

// What the API server would not accept as an object is none, wherever it is.
func TestNoObjects(t *testing.T) {
	for _, text := range []string{
		"", "\n# nothing\n", "---\n---\n", "a text", "[1, 2]", "kind: Chart\n", "apiVersion: v2\nname: chart\n",
		"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n", "kind: 3\napiVersion: v1\n",
	} {
		if got := names(parsed(t, text)); got != nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestNamespaces(t *testing.T) {
	text := thing("a") + "---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: other}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: c}\n"
	if diff := cmp.Diff([]string{"Service default/a", "Service other/b", "Namespace /c"}, names(parsed(t, text))); diff != "" {
		t.Error(diff)
	}
}

// Words of YAML mean to us what they mean to kubectl.
func TestValuesAsKubectlReadsThem(t *testing.T) {
	o := parsed(t, `apiVersion: v1
kind: Service
metadata:
  name: a
  annotations:
    text: "40"
    number: 40
    fraction: 0.5
    word: yes
    quoted: 'no'
    block: |-
      on
    nothing:
    date: 2026-01-01
`)[0]
	want := map[string]string{"text": "40", "number": "40", "fraction": "0.5", "word": "true", "quoted": "no", "block": "on", "nothing": "", "date": "2026-01-01"}
	if diff := cmp.Diff(want, o.GetAnnotations()); diff != "" {
		t.Error(diff)
	}
	for key, isText := range map[string]bool{
		"text": true, "number": false, "fraction": false, "word": false, "quoted": true, "block": true, "nothing": true, "date": true,
	} {
		if _, text, found := o.Scalar("metadata", "annotations", key); !found || text != isText {
			t.Errorf("%s: text is %v, found %v", key, text, found)
		}
	}
	if _, _, found := o.Scalar("metadata", "annotations", "absent"); found {
		t.Error("found what is not there")
	}
}

func TestPositions(t *testing.T) {
	objects := parsed(t, "\xef\xbb\xbf# a comment\r\n---\r\n"+strings.ReplaceAll(`# Source: chart/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  labels: &shared
    app: a
  name: a
data:
  plain: "x: 1"
  config.yaml: |
    # rules follow

    rules:
    - name: one
    - name: two
---
`, "\n", "\r\n")+`apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: b, labels: {app: b}}
- apiVersion: v1
  kind: Service
  metadata:
    labels:
      tier: web
      <<: [{zone: x}, {app: c}]
    name: c
`)
	if len(objects) != 3 {
		t.Fatalf("got %v", names(objects))
	}
	for _, tt := range []struct {
		object int
		path   []string
		line   int
		there  bool
	}{
		{0, []string{"kind"}, 5, true},
		{0, []string{"metadata", "labels", "app"}, 8, true},
		{0, []string{"metadata", "labels", "other"}, 9, false}, // where the object is named
		{0, []string{"data", "config.yaml"}, 12, true},
		{1, []string{"metadata", "labels", "app"}, 24, true},
		{2, []string{"metadata", "labels", "tier"}, 29, true},
		{2, []string{"metadata", "labels", "app"}, 30, true},
		{2, []string{"metadata", "name"}, 31, true},
		{2, []string{"items", "0"}, 31, false},
	} {
		at, there := objects[tt.object].Position(tt.path...)
		if at.Line != tt.line || there != tt.there || strings.HasSuffix(at.Text, "\r") {
			t.Errorf("%d %v: got line %d %q, %v; want %d, %v", tt.object, tt.path, at.Line, at.Text, there, tt.line, tt.there)
		}
	}
	for _, tt := range []struct {
		key   string
		inner []string
		line  int
		there bool
	}{
		{"config.yaml", []string{"rules", "1", "name"}, 17, true},
		{"config.yaml", []string{"rules"}, 15, true},
		{"plain", []string{"x"}, 11, false}, // quoted text has no lines of its own
	} {
		at, there := objects[0].PositionIn([]string{"data", tt.key}, tt.inner)
		if at.Line != tt.line || there != tt.there {
			t.Errorf("%s %v: got line %d %q, %v; want %d, %v", tt.key, tt.inner, at.Line, at.Text, there, tt.line, tt.there)
		}
	}
}

func TestRepeated(t *testing.T) {
	o := parsed(t, "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  annotations:\n    k: 1\n    k: 2\n    l: 3\n    k: 3\n")[0]
	var lines []int
	for _, at := range o.Repeated("metadata", "annotations", "k") {
		lines = append(lines, at.Line)
	}
	if diff := cmp.Diff([]int{7, 9}, lines); diff != "" {
		t.Error(diff)
	}
	for _, path := range [][]string{{"metadata", "annotations", "l"}, {"metadata", "labels", "k"}, {"kind"}} {
		if got := o.Repeated(path...); got != nil {
			t.Errorf("%v: got %v", path, got)
		}
	}
}

// JSON that is not YAML has values, and its first line as its position.
func TestJSONThatIsNoYAML(t *testing.T) {
	objects := parsed(t, "\n{\"apiVersion\": \"v1\", \"kind\": \"Service\",\n \"metadata\": {\"name\": \"a\", \"annotations\": {\"note\": \"\\ud83d\\ude00\"}}}\n"+
		"{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"b\"}}\n")
	if len(objects) != 2 || objects[0].GetAnnotations()["note"] != "😀" {
		t.Fatalf("got %v", objects)
	}
	for i, want := range []int{2, 4} {
		if at, _ := objects[i].Position("metadata", "name"); at.Line != want {
			t.Errorf("got line %d, want %d", at.Line, want)
		}
	}
}

// One bad file does not hide the others.
func TestReadGoesOn(t *testing.T) {
	folder := write(t, map[string]string{"a.yaml": thing("a"), "b.yaml": thing("b") + "---\nx: [1\n", "c.yaml": thing("c")})
	read, err := Read(t.Context(), Options{Filenames: []string{folder, filepath.Join(folder, "absent")}, Namespace: "x"})
	if diff := cmp.Diff([]string{"Service x/a", "Service x/b", "Service x/c"}, names(read.Objects)); diff != "" {
		t.Error(diff)
	}
	if err == nil || !strings.Contains(err.Error(), "b.yaml:4: ") || !strings.Contains(err.Error(), "absent: no such file") {
		t.Errorf("got %v", err)
	}
}

// Files as kubectl reads them: UTF-16 with a byte order mark in either order, lists whose
// entries do not say what they are, and names that the API server makes.
func TestReadAsKubectlDoes(t *testing.T) {
	utf16 := func(order binary.AppendByteOrder, text string) string {
		out := order.AppendUint16(nil, 0xfeff)
		for _, r := range text {
			out = order.AppendUint16(out, uint16(r))
		}
		return string(out)
	}
	for name, text := range map[string]string{
		"UTF-8":                  thing("a"),
		"UTF-8 with a mark":      "\xef\xbb\xbf" + thing("a"),
		"UTF-16, little endian":  utf16(binary.LittleEndian, thing("a")),
		"UTF-16, big endian":     utf16(binary.BigEndian, thing("a")),
		"a typed list":           "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: a}\n",
		"a typed list of JSON":   `{"apiVersion":"v1","kind":"ServiceList","items":[{"metadata":{"name":"a"}}]}`,
		"a list of other things": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}}\n- {metadata: {name: b}}\n",
	} {
		if diff := cmp.Diff([]string{"Service default/a"}, names(parsed(t, text))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	generated := parsed(t, "apiVersion: v1\nkind: Service\nmetadata: {generateName: a-}\n")
	if diff := cmp.Diff([]string{"Service default/a-" + Generated}, names(generated)); diff != "" {
		t.Error(diff)
	}
}

// What kubectl would refuse is named, and so is that nothing was read.
func TestWhatIsNotReadIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		`[{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}]`:                             "stdin:1: not read: it is an array of 1 objects",
		"- apiVersion: v1\n  kind: Service\n- 1\n":                                                   "stdin:1: not read: it is an array of 1 objects",
		"apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: t}\nobjects: [{}]\n": "stdin:1: not read: it is a Template of OpenShift with 1 objects",
		"[1, 2]": "", "a: 1\n": "", "": "", "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n": "",
	} {
		read, err := Read(t.Context(), Options{Filenames: []string{"-"}, Stdin: strings.NewReader(text)})
		if !errors.Is(err, ErrNothing) {
			t.Errorf("%q: got %v", text, err)
		}
		var got strings.Builder
		if err := read.TellSkipped(&got); err != nil || !strings.HasPrefix(got.String(), want) || (want == "") != (got.String() == "") {
			t.Errorf("%q: says %q, want %q (%v)", text, &got, want, err)
		}
	}
}

// A file that refers to itself is no file.
func TestEndlessAlias(t *testing.T) {
	_, err := Read(t.Context(), Options{Filenames: []string{"-"}, Stdin: strings.NewReader("apiVersion: v1\nkind: Service\nmetadata: &a\n  name: a\n  labels: *a\n")})
	if err == nil || !strings.HasPrefix(err.Error(), "stdin:") {
		t.Errorf("got %v", err)
	}
}

func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{
		thing("a"), "---\n---\n# c\n---\na: &a {b: *a}\n", `{"a": [1]}{"b": 2}`, "{{ template }}\n", "a: |\n  b: 1\n--- \nkind: List\napiVersion: v1\nitems: [{}]\n",
		"apiVersion: v1\nkind: List\nitems:\n- <<: {metadata: {name: x}}\n  kind: A\n  apiVersion: v1\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, _ := Read(t.Context(), Options{Filenames: []string{"-"}, Stdin: strings.NewReader(text)})
		lines := strings.Count(text, "\n") + 1
		for _, o := range read.Objects {
			for _, path := range [][]string{{"kind"}, {"metadata", "name"}, {"metadata", "annotations", "k"}, {"spec", "0"}} {
				if at, _ := o.Position(path...); at.Line < 1 || at.Line > lines {
					t.Errorf("%v is in line %d of %d", path, at.Line, lines)
				}
			}
		}
	})
}
