package certs

import (
	"fmt"
	"net"
	"slices"
	"strings"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
)

// Inspect returns what is wrong with a cert-manager Certificate that must be written
// to secret and cover names, each a DNS name or an IP address; nil if it is valid.
func Inspect(certificate *cmv1.Certificate, secret string, names []string) []string {
	var problems []string
	if got := certificate.Spec.SecretName; got != secret {
		problems = append(problems, fmt.Sprintf("spec.secretName is %q, must be %q (or --cert-secret that)", got, secret))
	}
	var missing []string
	for _, name := range sorted(names) {
		if !covers(certificate, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		problems = append(problems, fmt.Sprintf("spec.dnsNames and spec.ipAddresses do not cover %s", strings.Join(missing, ", ")))
	}
	if usages := certificate.Spec.Usages; len(usages) > 0 && !slices.Contains(usages, cmv1.UsageServerAuth) {
		problems = append(problems, fmt.Sprintf("spec.usages lacks %q", cmv1.UsageServerAuth))
	}
	if why := notReady(certificate); why != "" {
		problems = append(problems, why)
	}
	return problems
}

// covers follows RFC 6125 (6.4.3) for wildcards, as x509 does: one label.
func covers(certificate *cmv1.Certificate, name string) bool {
	if ip := net.ParseIP(name); ip != nil {
		return slices.ContainsFunc(certificate.Spec.IPAddresses, func(have string) bool { return ip.Equal(net.ParseIP(have)) })
	}
	_, parent, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(certificate.Spec.DNSNames, func(have string) bool {
		return strings.EqualFold(have, name) || parent != "" && strings.EqualFold(have, "*."+parent)
	})
}

func notReady(certificate *cmv1.Certificate) string {
	for _, condition := range certificate.Status.Conditions {
		if condition.Type != cmv1.CertificateConditionReady {
			continue
		}
		if condition.Status == cmmeta.ConditionTrue {
			return ""
		}
		return fmt.Sprintf("is not ready, cert-manager says: %s: %s", condition.Reason, condition.Message)
	}
	return "cert-manager has not looked at it yet, if it runs at all"
}
