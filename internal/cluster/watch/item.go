package watch

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/ptr"
)

// What is kept, by weight, which is about the memory that an object needs. Most kinds of
// the pipeline may be written by anybody who has a namespace.
const (
	// maxObject is the weight of one object: hundreds of times that of an ordinary one.
	maxObject = 256 << 10
	// maxKind is that of all objects of one kind: 10,000 HTTPRoutes have about half of it.
	maxKind = 48 << 20
	// pageSize is how many objects are read at once where a list cannot be streamed.
	pageSize = 200
)

// tooLarge is why an object is not kept.
type tooLarge struct{ why string }

func (e tooLarge) Error() string { return "too large to evaluate: " + e.why }

func isTooLarge(err error) bool { return errors.As(err, new(tooLarge)) }

// item is an object as it is kept. A reflector handles it in place of the object, so that
// a list needs no more memory while it arrives than what is kept of it.
type item[T any] struct {
	metav1.ObjectMeta
	converted converted[T]
}

var _ runtime.Object = (*item[int])(nil)

// GetObjectKind implements runtime.Object.
func (*item[T]) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject implements runtime.Object. What the object was converted into is never
// changed.
func (i *item[T]) DeepCopyObject() runtime.Object {
	out := *i
	i.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return &out
}

func (i *item[T]) key() types.NamespacedName {
	return types.NamespacedName{Namespace: i.Namespace, Name: i.Name}
}

// item is what is kept of an object, which may be one already.
func (o *objects[T]) item(in any) (*item[T], error) {
	switch in := in.(type) {
	case *item[T]:
		return in, nil
	case *unstructured.Unstructured:
		return &item[T]{
			ObjectMeta: metav1.ObjectMeta{Namespace: in.GetNamespace(), Name: in.GetName(), ResourceVersion: in.GetResourceVersion()},
			converted:  o.convertedOf(in),
		}, nil
	}
	return nil, fmt.Errorf("store a %T: it is not an object", in)
}

// convertedOf converts an object unless it is too large, or there are too many of its kind.
func (o *objects[T]) convertedOf(u *unstructured.Unstructured) converted[T] {
	weight := weightOf(u)
	if weight > maxObject {
		return converted[T]{err: tooLarge{fmt.Sprintf("it has %d KiB; at most %d KiB of an object are read", weight>>10, maxObject>>10)}}
	}
	o.mu.Lock()
	full := o.receiving && o.arriving+weight > maxKind
	if !full {
		o.arriving += weight
	}
	o.mu.Unlock()
	if full {
		return o.refused(weight)
	}
	value, err := o.convert(u)
	return converted[T]{value: value, err: err, weight: weight}
}

// refused is an object for which there is no room.
func (o *objects[T]) refused(weight int) converted[T] {
	return converted[T]{err: tooLarge{fmt.Sprintf("it has %d KiB more than the %d MiB that are read of %s", weight>>10, maxKind>>20, o.name)}}
}

// receive notes that a list begins to arrive.
func (o *objects[T]) receive() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.receiving, o.arriving = true, 0
}

// report logs which objects are dropped.
func (o *objects[T]) report(items map[types.NamespacedName]converted[T]) {
	var first types.NamespacedName
	var why error
	dropped := 0
	for key, item := range items {
		if isTooLarge(item.err) {
			if dropped++; dropped == 1 || key.String() < first.String() {
				first, why = key, item.err
			}
		}
	}
	if dropped > 0 {
		o.log.Info("drop objects of the pipeline that are too large", "kind", o.name, "count", dropped, "first", first, "why", why.Error())
	}
}

// dropped returns the number of objects that are not kept because they are too large.
func (o *objects[T]) dropped() (name string, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, item := range o.items {
		if isTooLarge(item.err) {
			n++
		}
	}
	return o.name, n
}

// weightOf is the weight of what users write of an object.
func weightOf(u *unstructured.Unstructured) int {
	w := weigh(u.Object["spec"])
	if m, ok := u.Object["metadata"].(map[string]any); ok {
		w += weigh(m["labels"])
		for key, value := range u.GetAnnotations() {
			if key != corev1.LastAppliedConfigAnnotation {
				w += len(key) + len(value)
			}
		}
	}
	return w
}

// weigh is the weight of a value as it is decoded from JSON: that of its texts, and about
// two words for each value.
func weigh(v any) int {
	w := 16
	switch v := v.(type) {
	case string:
		w += len(v)
	case []any:
		w += 8
		for _, x := range v {
			w += weigh(x)
		}
	case map[string]any:
		w += 32
		for key, x := range v {
			w += len(key) + weigh(x)
		}
	}
	return w
}

// items lists and watches a kind as items.
type items[T any] struct {
	objects *objects[T]
	api     dynamic.ResourceInterface
}

func (i items[T]) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if o.Continue == "" {
		i.objects.receive()
	}
	list, err := i.api.List(ctx, o)
	if err != nil {
		return nil, err
	}
	out := &internalversion.List{ListMeta: metav1.ListMeta{
		ResourceVersion: list.GetResourceVersion(), Continue: list.GetContinue(), RemainingItemCount: list.GetRemainingItemCount(),
	}}
	for k := range list.Items {
		one, err := i.objects.item(&list.Items[k])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, one)
		list.Items[k] = unstructured.Unstructured{} // not needed any more
	}
	return out, nil
}

func (i items[T]) watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	if ptr.Deref(o.SendInitialEvents, false) {
		i.objects.receive()
	}
	w, err := i.api.Watch(ctx, o)
	if err != nil {
		return nil, err
	}
	return watch.Filter(w, func(e watch.Event) (watch.Event, bool) {
		if u, ok := e.Object.(*unstructured.Unstructured); ok && e.Type != watch.Bookmark && e.Type != watch.Error {
			if one, err := i.objects.item(u); err == nil {
				e.Object = one
			}
		}
		return e, true
	}), nil
}
