package certs

import (
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// newInstallation is a replica with a Secret of its own, and the same configurations.
func newInstallation(t *testing.T, c client.Client, at time.Time) *replica {
	t.Helper()
	r := newReplica(t, c, at)
	r.options.Secret = "another"
	return r
}

// Two installations look whenever something changes, as their watches have them do.
func TestTheLaterInstallationYields(t *testing.T) {
	c := newCluster(hooks()...)
	first := newReplica(t, c, now)
	first.mustSync(t)
	first.at = first.at.Add(time.Hour)
	first.mustSync(t)
	second := newInstallation(t, c, first.at)
	before := c.writes.Load()
	unready := 0
	for range 600 { // ten minutes
		for range 5 {
			for _, r := range []*replica{second, first} {
				if err := r.sync(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := first.source.Ready(nil); err != nil {
				t.Fatalf("the first is not ready: %v", err)
			}
			if second.source.Ready(nil) != nil {
				unready++
			}
		}
		first.at, second.at = first.at.Add(time.Second), second.at.Add(time.Second)
	}
	// After 10, 20, 40, 80, 160 and 300 seconds; each time both write both.
	if got := c.writes.Load() - before; got > 30 {
		t.Errorf("%d writes in ten minutes", got)
	}
	if unready < 600*5-5 {
		t.Errorf("the second was not ready %d of %d times", unready, 600*5)
	}
	if err := second.source.Ready(nil); !strings.Contains(err.Error(), "caBundle of mutating webhook configuration hooks is replaced by") {
		t.Errorf("the second says %v", err)
	}
	if want := string(first.pair.Load().Bundle()); bundles(t, c)[0] != want {
		t.Error("the caBundle is not that of the first")
	}
	// Without the first, the second works in time.
	for range 15 {
		second.at = second.at.Add(time.Minute)
		if err := second.sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.source.Ready(nil); err != nil {
		t.Errorf("the second is not ready without the first: %v", err)
	}
}

// Something that resets caBundle whenever it changes, as a GitOps tool may.
func TestACABundleThatIsAlwaysReset(t *testing.T) {
	c := newCluster(hooks()...)
	r := newReplica(t, c, now)
	r.mustSync(t)
	before := c.writes.Load()
	resets := int32(0)
	for range 600 {
		var v admissionv1.ValidatingWebhookConfiguration
		if err := c.Get(t.Context(), client.ObjectKey{Name: "hooks"}, &v); err != nil {
			t.Fatal(err)
		}
		if v.Webhooks[0].ClientConfig.CABundle != nil {
			v.Webhooks[0].ClientConfig.CABundle = nil
			if err := c.Update(t.Context(), &v); err != nil {
				t.Fatal(err)
			}
			resets++
		}
		if err := r.sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.at = r.at.Add(time.Second)
	}
	if got := c.writes.Load() - before - resets; got > 15 {
		t.Errorf("%d writes in ten minutes", got)
	}
	if err := r.source.Ready(nil); err == nil || !strings.Contains(err.Error(), "validating webhook configuration hooks is replaced by something else") {
		t.Errorf("Ready() = %v", err)
	}
}

// An installer resets one configuration after the other, and the caBundle of the first is
// published before it comes to the second. That is one loss, and installers may come thrice.
func TestAnInstallerThatResetsBothIsNoRival(t *testing.T) {
	c := newCluster(hooks()...)
	r := newReplica(t, c, now)
	r.mustSync(t)
	for range promptPublications {
		r.at = r.at.Add(time.Second)
		var m admissionv1.MutatingWebhookConfiguration
		var v admissionv1.ValidatingWebhookConfiguration
		for _, o := range []client.Object{&m, &v} {
			if err := c.Get(t.Context(), client.ObjectKey{Name: "hooks"}, o); err != nil {
				t.Fatal(err)
			}
			for i := range m.Webhooks {
				m.Webhooks[i].ClientConfig.CABundle = nil
			}
			for i := range v.Webhooks {
				v.Webhooks[i].ClientConfig.CABundle = nil
			}
			if err := c.Update(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			r.mustSync(t)
			if err := r.source.Ready(nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The configurations call the Service of another installation, so their caBundle is not
// touched.
func TestConfigurationsOfAnotherInstallationAreNotWritten(t *testing.T) {
	c := newCluster(hooks()...)
	r := newReplica(t, c, now)
	r.options.Namespace = "other"
	r.spec = r.options.spec()
	before := bundles(t, c)
	if err := r.sync(t.Context()); err == nil {
		t.Error("look returns no error")
	}
	if got := bundles(t, c); strings.Join(got, "") != strings.Join(before, "") {
		t.Error("caBundle is written")
	}
	if err := r.source.Ready(nil); err == nil || !strings.Contains(err.Error(), "calls Service ns/hook") {
		t.Errorf("Ready() = %v", err)
	}
}
