package adapterconfig

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resources answers the adapter's queries to the API server's discovery.
type Resources interface {
	// ResourceFor resolves a resource as the adapter's REST mapper does:
	// singular or plural, in any case, no short names. An empty group prefers
	// core/v1; any other is matched exactly and, in an API group version that
	// has no exact match, as a prefix of the group's name.
	ResourceFor(gr schema.GroupResource) (r schema.GroupVersionResource, namespaced bool, err error)
	// Singular is the singular of a plural resource name. Groups are ignored:
	// the first that has the name wins.
	Singular(resource string) (string, error)
}

type resourceEntry struct {
	plural     schema.GroupVersionResource
	singular   string
	namespaced bool
}

// discovered indexes API resources by singular and plural name; entries under
// a name are in the order in which the REST mapper searches group versions.
type discovered map[string][]resourceEntry

// NewResources answers from discovery's lists. Their order is the order of
// preference between groups and between versions of a group; core/v1 always
// comes first. Subresources are left out.
func NewResources(lists []*metav1.APIResourceList) Resources {
	d := discovered{}
	for _, core := range []bool{true, false} {
		for _, list := range lists {
			gv, err := schema.ParseGroupVersion(list.GroupVersion)
			if err != nil || (gv.Group == "" && gv.Version == "v1") != core {
				continue
			}
			d.addGroupVersion(gv, list.APIResources)
		}
	}
	return d
}

func (d discovered) addGroupVersion(gv schema.GroupVersion, resources []metav1.APIResource) {
	seen := map[string]bool{}
	add := func(plural, singular string, namespaced bool) {
		if plural == "" || seen[plural] {
			return
		}
		seen[plural] = true
		e := resourceEntry{plural: gv.WithResource(plural), singular: singular, namespaced: namespaced}
		d[plural] = append(d[plural], e)
		if singular != plural && singular != "" {
			d[singular] = append(d[singular], e)
		}
	}
	for _, r := range resources {
		if strings.Contains(r.Name, "/") {
			continue
		}
		singular := r.SingularName
		if singular == "" {
			_, guess := meta.UnsafeGuessKindToResource(gv.WithKind(r.Kind))
			singular = guess.Resource
		}
		add(r.Name, singular, r.Namespaced)
	}
	// The REST mapper also has a guessed resource for every list kind.
	for _, r := range resources {
		plural, singular := meta.UnsafeGuessKindToResource(gv.WithKind(r.Kind + "List"))
		add(plural.Resource, singular.Resource, r.Namespaced)
	}
	add("lists", "list", false)
}

// ResourceFor implements [Resources].
func (d discovered) ResourceFor(gr schema.GroupResource) (schema.GroupVersionResource, bool, error) {
	// Exact and prefix matches are decided within each group version by itself,
	// as the REST mapper has one mapper for each.
	var found []resourceEntry
	for _, e := range d[strings.ToLower(gr.Resource)] {
		if strings.HasPrefix(e.plural.Group, gr.Group) {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return schema.GroupVersionResource{}, false, fmt.Errorf("find resource %q in group %q: the API server has none", gr.Resource, gr.Group)
	}
	first := found[0]
	for _, e := range found[1:] {
		if e.plural.GroupVersion() == first.plural.GroupVersion() {
			return schema.GroupVersionResource{}, false, fmt.Errorf("find resource %q in group %q: both %s and %s match", gr.Resource, gr.Group, first.plural.Resource, e.plural.Resource)
		}
	}
	return first.plural, first.namespaced, nil
}

// Singular implements [Resources].
func (d discovered) Singular(resource string) (string, error) {
	for _, e := range d[strings.ToLower(resource)] {
		if e.singular != "" {
			return e.singular, nil
		}
	}
	return "", fmt.Errorf("find the singular of %q: the API server has no such resource", resource)
}
