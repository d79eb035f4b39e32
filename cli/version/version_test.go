package version

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func installed(name, image, label string) appsv1.Deployment {
	d := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "kong-latency-system", Name: name}}
	if label != "" {
		d.Labels = map[string]string{versionLabel: label}
	}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "kong-latency", Image: image}}
	return d
}

func TestDescribeVersions(t *testing.T) {
	for name, tt := range map[string]struct {
		in   []appsv1.Deployment
		want string
	}{
		"none":            {nil, "not installed"},
		"tag":             {[]appsv1.Deployment{installed("webhook", "registry.example:5000/kong-latency:1.2.0", "1.1.0")}, "1.2.0"},
		"tag and digest":  {[]appsv1.Deployment{installed("webhook", "kong-latency:1.2.0@sha256:00", "")}, "1.2.0"},
		"digest":          {[]appsv1.Deployment{installed("webhook", "registry.example:5000/kong-latency@sha256:00", "1.2.0")}, "1.2.0"},
		"nothing is said": {[]appsv1.Deployment{installed("webhook", "registry.example:5000/kong-latency", "")}, "unknown"},
		"alike":           {[]appsv1.Deployment{installed("webhook", "a:1.2.0", ""), installed("controller", "a:1.2.0", "")}, "1.2.0"},
		"in an upgrade": {[]appsv1.Deployment{installed("webhook", "a:1.3.0", ""), installed("controller", "a:1.2.0", "")},
			"1.2.0 (kong-latency-system/controller), 1.3.0 (kong-latency-system/webhook)"},
	} {
		if got := describeVersions(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
