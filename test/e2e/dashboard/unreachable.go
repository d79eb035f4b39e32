package main

import (
	"context"
	"errors"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// unreachable installs two webhooks that cannot be called. ConfigMaps with the label "test"
// are for the webhook that it names, by its failure policy.
func (f *fleet) unreachable(ctx context.Context) error {
	webhook := func(name string, policy admissionv1.FailurePolicyType) admissionv1.ValidatingWebhook {
		url := "https://127.0.0.1:1/"
		none := admissionv1.SideEffectClassNone
		return admissionv1.ValidatingWebhook{
			Name: name + unreachableSuffix, FailurePolicy: &policy, SideEffects: &none,
			ClientConfig:            admissionv1.WebhookClientConfig{URL: &url},
			AdmissionReviewVersions: []string{"v1"},
			ObjectSelector:          &metav1.LabelSelector{MatchLabels: map[string]string{"test": name}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
		}
	}
	err := f.Admin().Create(ctx, &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "unreachable"},
		Webhooks:   []admissionv1.ValidatingWebhook{webhook("ignore", admissionv1.Ignore), webhook("fail", admissionv1.Fail)},
	})
	if err != nil {
		return err
	}
	// The API server may call them a moment after they exist.
	return f.Await(ctx, stack.Webhook, awaitAdmission, f.uncalled)
}

const unreachableSuffix = ".test.kong.latency"

// uncalled has the API server call both webhooks.
func (f *fleet) uncalled(ctx context.Context) error {
	create := func(name string) error {
		return f.Admin().Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "test-", Labels: map[string]string{"test": name}},
		})
	}
	switch err := create("fail"); {
	case err == nil:
		return errors.New("the API server admits what it cannot have checked")
	case !strings.Contains(err.Error(), "fail"+unreachableSuffix):
		return err
	}
	return create("ignore")
}
