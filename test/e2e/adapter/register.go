package adapter

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// APIService is the name under which the custom metrics API is registered.
const APIService = "v1beta1.custom.metrics.k8s.io"

const serviceName = "prometheus-adapter"

// Register makes the API server forward the custom metrics API to a port of
// localhost: an APIService like that of prometheus-adapter's chart, and an
// ExternalName Service, created in the namespace, which must exist.
func Register(ctx context.Context, config *rest.Config, namespace string, port int) error {
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("register adapter: %w", err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: serviceName},
		Spec: corev1.ServiceSpec{
			Type:         corev1.ServiceTypeExternalName,
			ExternalName: "localhost",
			// Ignored by Kubernetes for this type; it leads from the API to its pods.
			Selector: map[string]string{"app.kubernetes.io/name": "prometheus-adapter"},
			Ports:    []corev1.ServicePort{{Name: "https", Port: int32(port)}},
		},
	}
	if _, err := core.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("register adapter: %w", err)
	}
	return registerAPI(ctx, config, APIService, "custom.metrics.k8s.io", namespace, port)
}

// RegisterResourceMetrics makes the API server forward the resource metrics API to the same
// place, after Register.
func RegisterResourceMetrics(ctx context.Context, config *rest.Config, namespace string, port int) error {
	return registerAPI(ctx, config, "v1beta1.metrics.k8s.io", "metrics.k8s.io", namespace, port)
}

func registerAPI(ctx context.Context, config *rest.Config, name, group, namespace string, port int) error {
	apis, err := aggregator.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("register adapter: %w", err)
	}
	api := &apiregistration.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: apiregistration.APIServiceSpec{
			Group:                 group,
			Version:               "v1beta1",
			GroupPriorityMinimum:  100,
			VersionPriority:       100,
			InsecureSkipTLSVerify: true, // it has a new certificate at each start
			Service:               &apiregistration.ServiceReference{Namespace: namespace, Name: serviceName, Port: new(int32(port))},
		},
	}
	if _, err := apis.ApiregistrationV1().APIServices().Create(ctx, api, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("register adapter: %w", err)
	}
	return nil
}
