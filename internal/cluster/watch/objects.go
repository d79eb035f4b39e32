package watch

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// objects are the objects of one kind, and what is known of them as a whole. It
// is the store of a reflector. Objects are converted as they come, so that only
// what the pipeline needs of them is kept, and changes elsewhere in them, such
// as of a status, change nothing here.
type objects[T any] struct {
	// name of the kind, as in "servicemonitors.monitoring.coreos.com".
	name    string
	convert func(*unstructured.Unstructured) (T, error)
	// changed is called after every change of what set returns, without the lock.
	changed func()
	// touched, unless it is nil, is called for each object that comes, changes or goes while
	// the kind is Known, and became when the kind becomes Known; both without the lock.
	touched func(types.NamespacedName)
	became  func()
	// grace is how long a kind that was read stays Known while it cannot be read.
	grace time.Duration
	log   logr.Logger

	mu    sync.Mutex
	state pipeline.State
	why   string
	// listed and watching together make the kind Known.
	listed, watching bool
	failingSince     time.Time // zero while nothing fails
	items            map[types.NamespacedName]converted[T]
	// weight is that of all items; arriving is that of a list that is being received,
	// which receiving reports.
	weight, arriving int
	receiving        bool
	// last is what set returned, still true unless stale.
	last  pipeline.Set[T]
	stale bool
}

// converted is what an object was converted into, or why it could not be, with the weight
// of the object.
type converted[T any] struct {
	value  T
	err    error
	weight int
}

func newObjects[T any](name string, convert func(*unstructured.Unstructured) (T, error), d deps) objects[T] {
	return objects[T]{name: name, convert: convert, changed: d.changed, grace: d.grace, log: d.log, items: map[types.NamespacedName]converted[T]{}}
}

// settled reports whether the first attempt to read has had an outcome.
func (o *objects[T]) settled() bool {
	state, _ := o.standing()
	return state != pipeline.Unread
}

func (o *objects[T]) standing() (pipeline.State, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state, o.why
}

// watched notes whether a watch could be opened. A reflector that cannot connect tries
// again for ever, with what it listed before; so the kind is no longer Known if that
// goes on for long, and is Known again as soon as it can be watched.
func (o *objects[T]) watched(err error, now time.Time) {
	o.mu.Lock()
	o.watching = err == nil
	differs := o.settle()
	if err != nil && o.listed && o.state == pipeline.Known {
		if o.failingSince.IsZero() {
			o.failingSince = now
		}
		if state, why, ok := o.outcome("watching", err, now); ok {
			o.state, o.why, o.stale, differs = state, why, true, true
		}
	}
	o.mu.Unlock()
	if differs {
		o.announce()
	}
}

// settle makes the kind Known if it is, and reports whether it was not before. A kind
// that can be listed but not watched never is: what is kept of it would go stale unnoticed.
func (o *objects[T]) settle() bool {
	if !o.listed || !o.watching {
		return false
	}
	o.failingSince = time.Time{}
	if o.state == pipeline.Known {
		return false
	}
	o.state, o.why, o.stale = pipeline.Known, "", true
	return true
}

// ended notes the end of an attempt to read.
func (o *objects[T]) ended(err error, now time.Time) {
	o.mu.Lock()
	if err != nil && o.failingSince.IsZero() {
		o.failingSince = now
	}
	verb := "listing"
	if o.listed && !o.watching {
		verb = "watching"
	}
	o.listed, o.watching = false, false
	state, why, ok := o.outcome(verb, err, now)
	differs := ok && (state != o.state || why != o.why)
	if ok {
		o.state, o.why, o.stale = state, why, true
		clear(o.items)
		o.weight = 0
	}
	o.mu.Unlock()
	if differs {
		o.announce()
	}
}

// late makes the kind Unreadable if its first list is slow, so that nothing waits for
// it. Once the list arrives, the kind is Known.
func (o *objects[T]) late(after time.Duration) {
	o.mu.Lock()
	differs := o.state == pipeline.Unread
	if differs {
		o.state, o.why, o.stale = pipeline.Unreadable, fmt.Sprintf("the list of %s did not arrive within %s", o.name, after), true
	}
	o.mu.Unlock()
	if differs {
		o.announce()
	}
}

// announce logs a new state, once: an attempt that fails as the last one did changes
// nothing.
func (o *objects[T]) announce() {
	state, why := o.standing()
	o.log.Info("read a kind of the pipeline", "kind", o.name, "state", state, "why", why)
	o.changed()
	if state == pipeline.Known && o.became != nil {
		o.became()
	}
}

// set is all objects, sorted. As long as they are the same, so is the slice.
func (o *objects[T]) set() pipeline.Set[T] {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.stale {
		return o.last
	}
	o.stale = false
	o.last = pipeline.Set[T]{State: o.state, Why: o.why}
	if o.state != pipeline.Known {
		return o.last
	}
	keys := make([]types.NamespacedName, 0, len(o.items))
	for key := range o.items {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, key := range keys {
		item := o.items[key]
		if item.err == nil {
			o.last.Items = append(o.last.Items, item.value)
		} else if o.last.State == pipeline.Known {
			o.last.State = pipeline.Unreadable
			o.last.Why = fmt.Sprintf("%s of %s cannot be understood: %v", key, o.name, item.err)
			if isTooLarge(item.err) {
				o.last.Why = fmt.Sprintf("%s of %s is %v", key, o.name, item.err)
			}
		}
	}
	return o.last
}

// Add implements a reflector's store.
func (o *objects[T]) Add(in any) error { return o.put(in) }

// Update implements a reflector's store.
func (o *objects[T]) Update(in any) error { return o.put(in) }

// Delete implements a reflector's store.
func (o *objects[T]) Delete(in any) error {
	i, err := o.item(in)
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.weight -= o.items[i.key()].weight
	delete(o.items, i.key())
	o.stale = true
	notify := o.state == pipeline.Known
	o.mu.Unlock()
	if notify {
		o.changed()
		o.touch(i.key())
	}
	return nil
}

func (o *objects[T]) touch(key types.NamespacedName) {
	if o.touched != nil {
		o.touched(key)
	}
}

// Replace implements a reflector's store.
func (o *objects[T]) Replace(list []any, _ string) error {
	items := make(map[types.NamespacedName]converted[T], len(list))
	weight := 0
	for _, in := range list {
		i, err := o.item(in)
		if err != nil {
			return err
		}
		items[i.key()] = i.converted
		weight += i.converted.weight
	}
	o.report(items)
	o.mu.Lock()
	o.listed, o.receiving, o.weight = true, false, weight
	became := o.settle()
	differs := !reflect.DeepEqual(items, o.items)
	if differs {
		o.items, o.stale = items, true
	}
	notify := differs && o.state == pipeline.Known
	o.mu.Unlock()
	switch {
	case became:
		o.announce()
	case notify:
		o.changed()
		if o.became != nil { // which of them differ is not worth comparing
			o.became()
		}
	}
	return nil
}

// Resync implements a reflector's store.
func (o *objects[T]) Resync() error { return nil }

func (o *objects[T]) put(in any) error {
	i, err := o.item(in)
	if err != nil {
		return err
	}
	item, key := i.converted, i.key()
	o.mu.Lock()
	old, had := o.items[key]
	if o.weight-old.weight+item.weight > maxKind {
		item = o.refused(item.weight)
	}
	differs := !had || !reflect.DeepEqual(item, old)
	if differs {
		o.items[key], o.stale = item, true
		o.weight += item.weight - old.weight
	}
	notify := differs && o.state == pipeline.Known
	o.mu.Unlock()
	if differs && isTooLarge(item.err) {
		o.report(map[types.NamespacedName]converted[T]{key: item})
	}
	if notify {
		o.changed()
		o.touch(key)
	}
	return nil
}
