package app

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestARelayForgetsFormerSubscribers(t *testing.T) {
	var call func()
	subscribe := func(f func()) { call = f }
	r := relayOf(&subscribe)
	counts := [2]int{}
	subscribe(func() { counts[0]++ })
	call()
	r.reset()
	subscribe(func() { counts[1]++ })
	call()
	if counts != [2]int{1, 1} {
		t.Errorf("the subscribers are called %v times, want once each", counts)
	}
	var none func(func())
	if relayOf(&none); none != nil {
		t.Error("a subscription appears")
	}
}

// What the controllers added to the caches ends with them.
func TestHandlersEndWithTheLease(t *testing.T) {
	shared := &sharedCache{Cache: &informertest.FakeInformers{}}
	service := &corev1.Service{}
	informer, err := shared.GetInformer(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	added := 0
	count := toolscache.ResourceEventHandlerFuncs{AddFunc: func(any) { added++ }}
	if _, err := informer.AddEventHandler(count); err != nil {
		t.Fatal(err)
	}
	if len(shared.removal) != 1 {
		t.Fatalf("%d handlers are remembered", len(shared.removal))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := shared.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if len(shared.removal) != 0 {
		t.Error("handlers are remembered after the end")
	}
	var _ client.Reader = shared
}
