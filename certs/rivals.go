package certs

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Two installations that share one pair of webhook configurations both want their own
// authority in caBundle. If each undid the other's write at once, they would write as fast
// as the API server allows, half of the calls would fail, and both would seem to work.
const (
	// promptPublications is how often a caBundle that something else has replaced is
	// published again without a pause: installers reset it when they apply a manifest.
	promptPublications = 3
	firstPause         = time.Second
	// firstYield is the first pause of the one that came later.
	firstYield = 10 * time.Second
	lastPause  = 5 * time.Minute
	// calmAfter is the least time for which a caBundle has to stay until its loss no
	// longer counts.
	calmAfter = 30 * time.Second
)

// rivalry is what one process knows about others that set the same caBundle.
//
// Whoever finds a foreign authority in its place, replaces it, and finds it replaced in
// turn came later: it yields, so that the installation that was there first works on.
type rivalry struct {
	// published is true once bundle was seen or written.
	published bool
	bundle    []byte
	// displaced is true if the first publication replaced a foreign authority.
	displaced bool
	// losses are how often bundle was replaced by something else in each kind of
	// configuration: an installer resets one after the other, which is one loss and not
	// two. counted has the kinds of which the latest was counted.
	losses  map[string]int
	counted map[string]bool
	wrote   time.Time
	retry   time.Time
}

// allows reports whether bundle may be published at this time. lost are the kinds of
// configurations in which a webhook does not have it; foreign is true if one has authorities
// of which none is in bundle.
func (r *rivalry) allows(lost []string, foreign bool, bundle []byte, at time.Time) bool {
	switch {
	case len(lost) == 0:
		if !at.Before(r.wrote.Add(r.calm())) {
			r.losses, r.displaced = nil, false
		}
		r.published, r.bundle, r.counted = true, bundle, nil
		return true
	case !r.published:
		r.displaced = foreign
		return true
	case !bytes.Equal(r.bundle, bundle): // this installation has renewed it
		return true
	}
	if len(r.counted) == 0 && (r.losses == nil || at.Sub(r.wrote) > r.calm()) {
		r.losses = map[string]int{}
	}
	for _, kind := range lost {
		if r.counted[kind] {
			continue
		}
		if r.counted == nil {
			r.counted = map[string]bool{}
		}
		r.counted[kind] = true
		r.losses[kind]++
		r.retry = at.Add(r.pause())
	}
	return !at.Before(r.retry)
}

// most is how often bundle was replaced in the configuration that lost it most often.
func (r *rivalry) most() int {
	most := 0
	for _, n := range r.losses {
		most = max(most, n)
	}
	return most
}

// publishes remembers that bundle is published.
func (r *rivalry) publishes(bundle []byte, at time.Time) {
	r.published, r.bundle, r.counted, r.wrote = true, bundle, nil, at
}

// contested reports whether something else keeps replacing the caBundle.
func (r *rivalry) contested() bool {
	return r.most() > promptPublications || r.displaced && r.most() > 0
}

// pause is how long to wait after the latest loss.
func (r *rivalry) pause() time.Duration {
	first, doublings := firstPause, r.most()-promptPublications-1
	if r.displaced {
		first, doublings = firstYield, r.most()-1
	}
	switch {
	case doublings < 0:
		return 0
	case doublings >= 16: // more would not fit into an int64
		return lastPause
	default:
		return min(first<<doublings, lastPause)
	}
}

func (r *rivalry) calm() time.Duration { return max(calmAfter, 2*r.pause()) }

// foreign reports whether one of the webhooks trusts authorities, and none of these.
func (c configurations) foreign(own []*x509.Certificate) bool {
	for _, bundle := range c.bundles() {
		certificates, err := decodeCertificates(bundle)
		if err != nil {
			continue // empty, or no authority
		}
		shared := false
		for _, certificate := range certificates {
			shared = shared || contains(own, certificate)
		}
		if !shared {
			return true
		}
	}
	return false
}

// elsewhere names the webhook that calls a Service for which the leaf is not valid, as
// that of another installation; empty if there is none.
func (c configurations) elsewhere(leaf *x509.Certificate) string {
	for _, each := range c {
		for _, config := range each.clients {
			if to := config.Service; to != nil && leaf.VerifyHostname(to.Name+"."+to.Namespace+".svc") != nil {
				return fmt.Sprintf("%s %s calls Service %s/%s", each.kind, each.current.GetName(), to.Namespace, to.Name)
			}
		}
	}
	return ""
}

// rival describes who replaced the bundle.
func (c configurations) rival(bundle []byte) string {
	for _, each := range c {
		if (configurations{each}).hold(bundle) {
			continue
		}
		by := "something else"
		switch name := latestManager(each.current.GetManagedFields()); name {
		case "":
		case FieldManager:
			by = fmt.Sprintf("another installation of kong-latency (field manager %q)", name)
		default:
			by = fmt.Sprintf("field manager %q", name)
		}
		return fmt.Sprintf("caBundle of %s %s is replaced by %s after every write", each.kind, each.current.GetName(), by)
	}
	return ""
}

// latestManager is the field manager that changed an object last.
func latestManager(fields []metav1.ManagedFieldsEntry) string {
	var latest metav1.ManagedFieldsEntry
	for _, e := range fields {
		if e.Time != nil && (latest.Time == nil || latest.Time.Before(e.Time)) {
			latest = e
		}
	}
	return latest.Manager
}
