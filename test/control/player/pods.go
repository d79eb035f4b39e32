package player

import (
	"context"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/kong-latency/kong-latency/test/control/workload"
)

// WriteStatus writes what a kubelet would about a pod with one container: it runs, and is
// ready or not.
func WriteStatus(ctx context.Context, c kubernetes.Interface, p *corev1.Pod, s workload.Status) error {
	patch, err := json.Marshal(map[string]any{"status": podStatus(p, s == workload.Ready)})
	if err != nil {
		return err
	}
	_, err = c.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func podStatus(p *corev1.Pod, ready bool) corev1.PodStatus {
	now := metav1.NewTime(time.Now())
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return corev1.PodStatus{
		Phase: corev1.PodRunning, StartTime: &p.CreationTimestamp,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: now}},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: p.Spec.Containers[0].Name, Ready: ready, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		}},
	}
}
