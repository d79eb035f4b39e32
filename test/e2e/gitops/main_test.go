// Package gitops tests the product with tools that apply manifests repeatedly: kubectl,
// Helm, Argo CD and Flux. Their operations are done by kubectl, or by the same API
// calls, in a cluster where a real HorizontalPodAutoscaler scales with real traffic. None
// of them may remove a replica or an autoscaler.
package gitops

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// cluster is shared: each test has its workload in it, and all workloads are behind the
// Service that receives the traffic.
var cluster *stack.Stack

func TestMain(m *testing.M) { os.Exit(run(m)) }

// limit is the limit of everything, including the traffic.
const limit = 15 * time.Minute

func run(m *testing.M) int {
	// The tests mostly wait, so all of them may run in parallel.
	if err := flag.Set("test.parallel", "64"); err != nil {
		fmt.Fprintln(os.Stderr, "set the number of parallel tests:", err)
		return 1
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "start the cluster:", err)
		if logged := new(stack.LoggedError); errors.As(err, &logged) {
			fmt.Fprintln(os.Stderr, logged.Hint())
		}
		return 1
	}
	code := m.Run()
	if code != 0 {
		if logged := new(stack.LoggedError); errors.As(cluster.SaveLogs(errors.New("a test failed")), &logged) {
			fmt.Fprintln(os.Stderr, logged.Hint())
		}
	}
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the cluster:", err)
		return 1
	}
	return code
}

// start starts the cluster, and traffic that makes all autoscalers scale to their
// maximum. It returns when the metric is available.
func start(ctx context.Context) error {
	var err error
	if cluster, err = stack.Start(ctx, stack.Options{}); err != nil {
		return err
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: stack.Echo.Namespace, Name: stack.Echo.Name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "echo"},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80}},
		},
	}
	err = cluster.Admin().Create(ctx, service)
	if err == nil {
		err = cluster.Flowing(ctx, cluster.Send(stack.Seed, limit))
	}
	if err != nil {
		err = cluster.SaveLogs(err)
		return errors.Join(err, cluster.Stop())
	}
	return nil
}
