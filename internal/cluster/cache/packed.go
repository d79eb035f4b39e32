package cache

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"time"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// An empty Deployment is a struct of more than a kilobyte, and most of it stays empty in
// a cache that keeps names and labels. So the caches keep objects encoded, and decode a
// copy for each reader and handler, within microseconds.

// encoded is what Kubernetes' own types have.
type encoded interface {
	client.Object
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// packed is an object in a cache: what the informer itself reads of it, and the rest
// encoded.
type packed struct {
	namespace, name, version string
	raw                      []byte
}

var _ metav1.ObjectMetaAccessor = (*packed)(nil)

// GetObjectMeta implements metav1.ObjectMetaAccessor.
func (p *packed) GetObjectMeta() metav1.Object {
	return &metav1.ObjectMeta{Namespace: p.namespace, Name: p.name, ResourceVersion: p.version}
}

// pack is strip with its result packed.
func pack(strip toolscache.TransformFunc) toolscache.TransformFunc {
	return func(in any) (any, error) {
		out, err := strip(in)
		if err != nil {
			return nil, err
		}
		o, ok := out.(encoded)
		if !ok {
			return out, nil // a tombstone, or packed already
		}
		raw, err := o.Marshal()
		if err != nil {
			return nil, fmt.Errorf("pack %s/%s: %w", o.GetNamespace(), o.GetName(), err)
		}
		return &packed{
			namespace: unique.Make(o.GetNamespace()).Value(), name: o.GetName(), version: o.GetResourceVersion(), raw: raw,
		}, nil
	}
}

// newInformer makes the informers of a cache (see ctrlcache.Options): those of objects
// that are kept packed unpack them.
func (f *Freshness) newInformer(lw toolscache.ListerWatcher, o runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	for _, kind := range packedKinds() {
		if reflect.TypeOf(kind.empty) != reflect.TypeOf(o) {
			continue
		}
		lw = f.follow(kind.resource, lw)
		i := &unpackingInformer{unpacker: unpacker{kind.empty}, indexed: &latest{}}
		all := toolscache.Indexers{}
		maps.Copy(all, indexers) // that by namespace, which needs nothing unpacked
		for name, keys := range kind.indexes {
			all[name] = i.index(func(o any) ([]string, error) { return keys(o.(client.Object)), nil })
		}
		i.SharedIndexInformer = toolscache.NewSharedIndexInformer(lw, o, resync, all)
		return i
	}
	return toolscache.NewSharedIndexInformer(lw, o, resync, indexers)
}

// unpacker decodes objects of one kind, of which it has an empty one.
type unpacker struct{ empty encoded }

// object is the object of a packed one, or what it was given if that is none.
func (u unpacker) object(in any) (any, error) {
	if gone, ok := in.(toolscache.DeletedFinalStateUnknown); ok {
		o, err := u.object(gone.Obj)
		return toolscache.DeletedFinalStateUnknown{Key: gone.Key, Obj: o}, err
	}
	p, ok := in.(*packed)
	if !ok {
		return in, nil
	}
	out := u.empty.DeepCopyObject().(encoded)
	if err := out.Unmarshal(p.raw); err != nil {
		return nil, fmt.Errorf("unpack %s/%s: %w", p.namespace, p.name, err)
	}
	return out, nil
}

func (u unpacker) list(in []any) ([]any, error) {
	out := make([]any, len(in))
	for i := range in {
		var err error
		if out[i], err = u.object(in[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unpackingInformer is an informer whose handlers and readers see objects.
type unpackingInformer struct {
	toolscache.SharedIndexInformer
	unpacker
	indexed *latest
}

// latest remembers the object that was unpacked last: all indexes read the same one,
// one after the other, and do not change it.
type latest struct {
	mu  sync.Mutex
	of  *packed
	was any
}

func (l *latest) object(in any, u unpacker) (any, error) {
	p, ok := in.(*packed)
	if !ok {
		return in, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of != p {
		o, err := u.object(p)
		if err != nil {
			return nil, err
		}
		l.of, l.was = p, o
	}
	return l.was, nil
}

// GetIndexer implements toolscache.SharedIndexInformer.
func (i *unpackingInformer) GetIndexer() toolscache.Indexer {
	return unpackingIndexer{i.SharedIndexInformer.GetIndexer(), i.unpacker}
}

// GetStore implements toolscache.SharedIndexInformer.
func (i *unpackingInformer) GetStore() toolscache.Store { return i.GetIndexer() }

// AddEventHandler implements toolscache.SharedIndexInformer.
func (i *unpackingInformer) AddEventHandler(h toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.SharedIndexInformer.AddEventHandler(unpackingHandler{h, i.unpacker})
}

// AddEventHandlerWithResyncPeriod implements toolscache.SharedIndexInformer.
func (i *unpackingInformer) AddEventHandlerWithResyncPeriod(h toolscache.ResourceEventHandler, every time.Duration) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.SharedIndexInformer.AddEventHandlerWithResyncPeriod(unpackingHandler{h, i.unpacker}, every)
}

// AddEventHandlerWithOptions implements toolscache.SharedIndexInformer.
func (i *unpackingInformer) AddEventHandlerWithOptions(h toolscache.ResourceEventHandler, o toolscache.HandlerOptions) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.SharedIndexInformer.AddEventHandlerWithOptions(unpackingHandler{h, i.unpacker}, o)
}

// AddIndexers implements toolscache.SharedIndexInformer. It is how field indexes come
// from controller-runtime.
func (i *unpackingInformer) AddIndexers(indexers toolscache.Indexers) error {
	unpacking := toolscache.Indexers{}
	for name, keys := range indexers {
		unpacking[name] = i.index(inNamespace(keys))
	}
	return i.SharedIndexInformer.AddIndexers(unpacking)
}

// index is an index by the keys of the object that was packed.
func (i *unpackingInformer) index(keys toolscache.IndexFunc) toolscache.IndexFunc {
	return func(in any) ([]string, error) {
		o, err := i.indexed.object(in, i.unpacker)
		if err != nil {
			return nil, err
		}
		return keys(o)
	}
}

// inNamespace leaves out what would double an index. By a field index an object is
// found in its namespace and, under further keys, in all namespaces at once (see
// client.FieldIndexer). Nobody looks there: Catalog is of one namespace. These keys do
// not depend on the namespace, so an object without one has them too.
func inNamespace(keys toolscache.IndexFunc) toolscache.IndexFunc {
	return func(in any) ([]string, error) {
		all, err := keys(in)
		o, ok := in.(client.Object)
		if err != nil || !ok || o.GetNamespace() == "" {
			return all, err
		}
		without, err := keys(withoutNamespace(o))
		if err != nil {
			return nil, err
		}
		inAll := sets.New(without...)
		out := make([]string, 0, len(all)/2)
		for _, key := range all {
			if !inAll.Has(key) {
				out = append(out, key)
			}
		}
		if len(out) == 0 {
			return all, nil // nothing depends on the namespace
		}
		return out, nil
	}
}

// withoutNamespace is a shallow copy of an object.
func withoutNamespace(o client.Object) client.Object {
	out := reflect.New(reflect.TypeOf(o).Elem())
	out.Elem().Set(reflect.ValueOf(o).Elem())
	bare := out.Interface().(client.Object)
	bare.SetNamespace("")
	return bare
}

// unpackingHandler handles objects.
type unpackingHandler struct {
	toolscache.ResourceEventHandler
	unpacker
}

// OnAdd implements toolscache.ResourceEventHandler.
func (h unpackingHandler) OnAdd(o any, initial bool) {
	if o, err := h.object(o); err == nil { // what was encoded here can be decoded
		h.ResourceEventHandler.OnAdd(o, initial)
	}
}

// OnUpdate implements toolscache.ResourceEventHandler.
func (h unpackingHandler) OnUpdate(before, after any) {
	before, err := h.object(before)
	if err != nil {
		return
	}
	if after, err := h.object(after); err == nil {
		h.ResourceEventHandler.OnUpdate(before, after)
	}
}

// OnDelete implements toolscache.ResourceEventHandler.
func (h unpackingHandler) OnDelete(o any) {
	if o, err := h.object(o); err == nil {
		h.ResourceEventHandler.OnDelete(o)
	}
}

// unpackingIndexer returns objects. Its List, which cannot fail, leaves out what
// cannot be decoded; nothing of the kind was encoded here.
type unpackingIndexer struct {
	toolscache.Indexer
	unpacker
}

// Get implements toolscache.Store.
func (i unpackingIndexer) Get(o any) (any, bool, error) {
	found, ok, err := i.Indexer.Get(o)
	return i.found(found, ok, err)
}

// GetByKey implements toolscache.Store.
func (i unpackingIndexer) GetByKey(key string) (any, bool, error) {
	found, ok, err := i.Indexer.GetByKey(key)
	return i.found(found, ok, err)
}

func (i unpackingIndexer) found(o any, ok bool, err error) (any, bool, error) {
	if err != nil || !ok {
		return nil, ok, err
	}
	o, err = i.object(o)
	return o, err == nil, err
}

// List implements toolscache.Store.
func (i unpackingIndexer) List() []any {
	all := i.Indexer.List()
	out := make([]any, 0, len(all))
	for _, in := range all {
		if o, err := i.object(in); err == nil {
			out = append(out, o)
		}
	}
	return out
}

// ByIndex implements toolscache.Indexer.
func (i unpackingIndexer) ByIndex(index, value string) ([]any, error) {
	if plain, ok := strings.CutPrefix(index, fieldIndex+firstPrefix); ok {
		return i.first(plain, value)
	}
	all, err := i.Indexer.ByIndex(index, value)
	if err != nil {
		return nil, err
	}
	return i.list(all)
}

// Index implements toolscache.Indexer.
func (i unpackingIndexer) Index(index string, of any) ([]any, error) {
	all, err := i.Indexer.Index(index, of)
	if err != nil {
		return nil, err
	}
	return i.list(all)
}
