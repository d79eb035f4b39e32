// Package gitops holds the product against the tools that apply manifests again and
// again: kubectl in all its ways, Helm, Argo CD and Flux. What they do is done here by
// kubectl itself, or call for call as they do it, in a cluster where real traffic has
// a real HorizontalPodAutoscaler scale. None of it may take a replica or an autoscaler.
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

// cluster is shared: each test has a workload of its own in it, and every workload is
// behind the one Service that gets the traffic.
var cluster *stack.Stack

func TestMain(m *testing.M) { os.Exit(run(m)) }

// limit is that of everything; the traffic never lasts longer.
const limit = 15 * time.Minute

func run(m *testing.M) int {
	// The tests wait more than they compute: all of them may run at once.
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

// start starts the cluster, and the traffic that has all autoscalers ask for as many
// replicas as they may. It returns when the metric is there.
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
