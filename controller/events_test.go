package controller

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
)

func TestEventsArePassedOnInTheirOrder(t *testing.T) {
	g := gomega.NewWithT(t)
	recorder := events.NewFakeRecorder(eventsAtOnce)
	p := newPacedEvents(recorder, scheme.Scheme, logr.Discard())
	send := func(from, to int) {
		for i := from; i < to; i++ {
			p.Eventf(&appsv1.Deployment{}, nil, "Normal", "Reason", "Action", "%d", i)
		}
	}
	send(0, 10)                              // before it starts
	go func() { _ = p.Start(t.Context()) }() // it never fails
	for i := range 20 {
		g.Eventually(recorder.Events).WithTimeout(30 * time.Second).Should(gomega.Receive(gomega.Equal(fmt.Sprintf("Normal Reason %d", i))))
		if i == 9 {
			send(10, 20)
		}
	}
}

func TestEventsThatWaitAreBounded(t *testing.T) {
	p := newPacedEvents(events.NewFakeRecorder(0), scheme.Scheme, logr.Discard())
	for range maxEvents + 3 {
		p.Eventf(&appsv1.Deployment{}, nil, "Normal", "Reason", "Action", "note")
	}
	waiting, dropped := p.take()
	if len(waiting) != maxEvents || dropped != 3 {
		t.Errorf("%d wait and %d are dropped, want %d and 3", len(waiting), dropped, maxEvents)
	}
	if waiting, dropped := p.take(); len(waiting) != 0 || dropped != 0 {
		t.Errorf("%d still wait and %d are still dropped", len(waiting), dropped)
	}
}
