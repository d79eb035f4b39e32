package main

import (
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
)

// In a browser, all text of the pictures is within its panel, and none covers another. The
// pictures are drawn without a browser, by the average width of letters.
func TestTextFitsItsPanel(t *testing.T) {
	g := newG(t)
	browser := chromium(t)
	v, err := newView(t.Context(), shipped(t), cluster.PrometheusURL(), since(cluster.begin, 5*time.Second), chosen("echo"))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	page := "<body>"
	for _, r := range v.Rows() {
		picture, err := v.row(t.Context(), r)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		page += picture
	}
	g.Expect(misplaced(t, browser, page+`<svg><g><rect width="9" height="9"/><text y="5">wider</text></g></svg>`)).To(
		gomega.ConsistOf("wider is outside its panel"), "only what was added on purpose")
}

// measure writes the texts that are misplaced into the page, as JSON.
const measure = `<script>
const found = [], inside = (a, b) => a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;
const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
for (const panel of document.querySelectorAll("g")) {
  const texts = [...panel.querySelectorAll("text")].map(t => ({name: t.textContent, box: t.getBBox()}));
  texts.forEach((t, i) => {
    if (!inside(t.box, panel.querySelector("rect").getBBox())) found.push(t.name + " is outside its panel");
    texts.slice(i + 1).filter(o => meet(t.box, o.box)).forEach(o => found.push(t.name + " covers " + o.name));
  });
}
document.body.innerHTML = "<pre></pre>";
document.querySelector("pre").textContent = JSON.stringify(found);
</script>`

func misplaced(t *testing.T, browser, page string) (found []string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "page.html")
	if err := os.WriteFile(file, []byte(page+measure), 0o600); err != nil {
		t.Fatal(err)
	}
	// The page is the test's own, and root has no sandbox.
	dom, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+filepath.Join(folder, "profile"), "--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Fatalf("run %s: %v", browser, err)
	}
	_, text, _ := strings.Cut(string(dom), "<pre>")
	text, _, _ = strings.Cut(text, "</pre>")
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &found); err != nil {
		t.Fatalf("decode what %s says: %v", browser, err)
	}
	return found
}

// chromium returns the path of Chromium, and skips the test where there is none.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("Chromium is not installed")
	return ""
}
