package install

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// inventory lists every object of the cluster, by kind, namespace and name.
type inventory map[string]bool

// passing are kinds whose objects are created and deleted automatically, or are also
// served under another kind.
var passing = []string{"events", "componentstatuses"}

// takeInventory lists all resources that the API server has.
func takeInventory(t *testing.T, g gomega.Gomega) inventory {
	t.Helper()
	lists, err := served.ServerPreferredResources()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	resources := discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list"}}, lists)
	g.Expect(resources).NotTo(gomega.BeEmpty())
	out := inventory{}
	for _, list := range resources {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		for _, r := range list.APIResources {
			if slices.Contains(passing, r.Name) {
				continue
			}
			objects := &metav1.PartialObjectMetadataList{}
			objects.SetGroupVersionKind(gv.WithKind(r.Kind + "List"))
			g.Expect(admin.List(t.Context(), objects)).To(gomega.Succeed(), r.Name)
			for _, o := range objects.Items {
				out[fmt.Sprintf("%s.%s %s", r.Name, gv.Group, client.ObjectKeyFromObject(&o))] = true
			}
		}
	}
	return out
}

// beyond returns the objects that the earlier inventory does not have, sorted.
func (i inventory) beyond(before inventory) []string {
	out := []string{}
	for name := range i {
		if !before[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// expectNothingLeft waits until there are no objects that were not there before.
func expectNothingLeft(t *testing.T, g *gomega.WithT, before inventory) {
	t.Helper()
	g.Eventually(func(g gomega.Gomega) {
		g.Expect(takeInventory(t, g).beyond(before)).To(gomega.BeEmpty())
	}).Should(gomega.Succeed())
}

// has reports whether an inventory has an object whose entry has this suffix.
func (i inventory) has(suffix string) bool {
	for name := range i {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
