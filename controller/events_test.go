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

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/test/testutil"
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

// A finding whose event was dropped is reported again.
func TestADroppedEventIsSentLater(t *testing.T) {
	p := newPacedEvents(events.NewFakeRecorder(0), scheme.Scheme, logr.Discard())
	report := newReporter(p)
	d := &appsv1.Deployment{}
	broken := []finding.Finding{testutil.Finding("Broken", finding.Error, adapterrule.Hop, "it is broken")}
	for range maxEvents {
		p.Eventf(d, nil, "Normal", "Reason", "Action", "note")
	}
	if report.findings(d, broken) {
		t.Error("a dropped event counts as sent")
	}
	if report.judged(d, nil, judgement{hops: []*finding.Hop{adapterrule.Hop}}); len(report.reported) != 0 {
		t.Error("it is remembered")
	}
	if _, dropped := p.take(); dropped != 1 {
		t.Errorf("%d are dropped, want 1: nobody was told that it was broken", dropped)
	}
	for range maxEvents {
		p.Eventf(d, nil, "Normal", "Reason", "Action", "note")
	}
	_ = report.findings(d, broken) // dropped
	p.take()
	for _, want := range []int{1, 0} {
		if !report.findings(d, broken) {
			t.Error("it is not sent although there is room")
		}
		if waiting, _ := p.take(); len(waiting) != want {
			t.Errorf("%d wait, want %d", len(waiting), want)
		}
	}
}
