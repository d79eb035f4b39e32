package discover

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// adapterPod is a pod as prometheus-adapter's chart makes it.
func adapterPod(args ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "monitoring", Name: "adapter-abc-1", Labels: map[string]string{"app": "adapter", "pod-template-hash": "abc"},
			CreationTimestamp: metav1.NewTime(noon),
			OwnerReferences:   []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "adapter-abc", Controller: ptr.To(true)}},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "prometheus-adapter", Args: args,
				VolumeMounts: []corev1.VolumeMount{{Name: "config", MountPath: "/etc/adapter"}, {Name: "tmp", MountPath: "/tmp"}},
			}},
			Volumes: []corev1.Volume{{Name: "tmp"}, {Name: "config", VolumeSource: configMapVolume("adapter")}},
		},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning,
			ContainerStatuses: []corev1.ContainerStatus{{
				Name:  "prometheus-adapter",
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(noon)}},
			}},
		},
	}
}

func configMapVolume(name string, items ...corev1.KeyToPath) corev1.VolumeSource {
	return corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Items: items,
	}}
}

func TestConfigMapOfAProcess(t *testing.T) {
	mount := func(mounts ...corev1.VolumeMount) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].VolumeMounts = mounts }
	}
	volume := func(v corev1.VolumeSource) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Volumes[1].VolumeSource = v }
	}
	const args = "--config=/etc/adapter/config.yaml"
	for name, tc := range map[string]struct {
		args   string
		change func(*corev1.Pod)
		want   string // namespace/name key
		err    string
	}{
		"chart":             {args, nil, "monitoring/adapter config.yaml", ""},
		"two words":         {"--config /etc/adapter/config.yaml", nil, "monitoring/adapter config.yaml", ""},
		"last flag counts":  {"--config=/nowhere " + args, nil, "monitoring/adapter config.yaml", ""},
		"after --":          {"-- " + args, nil, "", "no container has the argument --config"},
		"other flag":        {"--config-file=/etc/adapter/config.yaml", nil, "", "no container has the argument --config"},
		"flag without end":  {"--config", nil, "", "no container has the argument --config"},
		"unclean path":      {"--config=/etc//adapter/./config.yaml", nil, "monitoring/adapter config.yaml", ""},
		"another file":      {"--config=/etc/adapter/other.yaml", nil, "monitoring/adapter other.yaml", ""},
		"not mounted":       {"--config=/etc/adapters/config.yaml", nil, "", "no volume of Deployment monitoring/adapter holds /etc/adapters/config.yaml"},
		"subfolder":         {"--config=/etc/adapter/sub/config.yaml", nil, "", "ConfigMap adapter is mounted without it"},
		"from environment":  {"--config=$(CONFIG)", nil, "", "no volume of Deployment monitoring/adapter holds $(CONFIG)"},
		"items":             {args, volume(configMapVolume("cm", corev1.KeyToPath{Key: "other", Path: "a"}, corev1.KeyToPath{Key: "rules", Path: "config.yaml"})), "monitoring/cm rules", ""},
		"items in a folder": {"--config=/etc/adapter/sub/c.yaml", volume(configMapVolume("cm", corev1.KeyToPath{Key: "rules", Path: "sub/c.yaml"})), "monitoring/cm rules", ""},
		"items without it":  {args, volume(configMapVolume("cm", corev1.KeyToPath{Key: "rules", Path: "rules.yaml"})), "", "ConfigMap cm is mounted without it"},
		"secret":            {args, volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s"}}), "", "Secret s, and Secrets are not read"},
		"empty dir":         {args, volume(corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}), "", "not made of a ConfigMap"},
		"mount at root":     {"--config=/config.yaml", mount(corev1.VolumeMount{Name: "config", MountPath: "/"}), "monitoring/adapter config.yaml", ""},
		"trailing slash":    {args, mount(corev1.VolumeMount{Name: "config", MountPath: "/etc/adapter/"}), "monitoring/adapter config.yaml", ""},
		"deepest mount":     {args, mount(corev1.VolumeMount{Name: "config", MountPath: "/etc/adapter"}, corev1.VolumeMount{Name: "tmp", MountPath: "/etc"}), "monitoring/adapter config.yaml", ""},
		"file by subPath":   {args, mount(corev1.VolumeMount{Name: "config", MountPath: "/etc/adapter/config.yaml", SubPath: "rules.yaml"}), "monitoring/adapter rules.yaml", ""},
		"subPathExpr":       {args, mount(corev1.VolumeMount{Name: "config", MountPath: "/etc/adapter", SubPathExpr: "$(POD)"}), "", "only its node can resolve"},
		"unknown volume":    {args, mount(corev1.VolumeMount{Name: "gone", MountPath: "/etc/adapter"}), "", "has no volume gone"},
		"projected": {args, volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{}},
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "p"}, Items: []corev1.KeyToPath{{Key: "k", Path: "config.yaml"}}}},
		}}}), "monitoring/p k", ""},
		"projected, open": {args, volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "p"}}},
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "q"}}},
		}}}), "", "no ConfigMap is seen to fill"},
		"no container": {args, func(p *corev1.Pod) { p.Spec.Containers = nil }, "", "no container has the argument --config"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := adapterPod(strings.Fields(tc.args)...)
			if tc.change != nil {
				tc.change(pod)
			}
			at, err := processOf(pod).ConfigMap()
			got := at.Name.String() + " " + at.Key
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %q and error %v, want error %q", got, err, tc.err)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Errorf("got %q and error %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestProcessOfAPod(t *testing.T) {
	pod := adapterPod("--prometheus-url=http://prometheus:9090/", "--metrics-relist-interval=1m", "--metrics-max-age", "2m", "--config=/etc/adapter/config.yaml")
	proxy := corev1.Container{Name: "proxy", Args: []string{"--config=/proxy.yaml"}}
	pod.Spec.Containers = append([]corev1.Container{proxy}, pod.Spec.Containers...)
	p := processOf(pod)
	if got, want := p.Owner, (finding.Object{Kind: "Deployment", Namespace: "monitoring", Name: "adapter"}); got != want {
		t.Errorf("owner is %s, want %s", got, want)
	}
	if p.container.Name != "prometheus-adapter" || p.file != "/etc/adapter/config.yaml" || p.PrometheusURL != "http://prometheus:9090/" {
		t.Errorf("took container %s with --config=%s --prometheus-url=%s", p.container.Name, p.file, p.PrometheusURL)
	}
	if p.relist != time.Minute || p.maxAge != 2*time.Minute {
		t.Errorf("intervals are %s and %s, want 1m and 2m", p.relist, p.maxAge)
	}
	if !p.started.Equal(noon) {
		t.Errorf("started %s, want %s", p.started, noon)
	}

	p = processOf(adapterPod("--config=/etc/adapter/config.yaml"))
	if p.relist != 10*time.Minute || p.maxAge != 0 {
		t.Errorf("defaults are %s and %s, want 10m and 0", p.relist, p.maxAge)
	}
}

func TestOwnerOfAPod(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*corev1.Pod)
		want   string
	}{
		"deployment":  {func(*corev1.Pod) {}, "Deployment monitoring/adapter"},
		"bare set":    {func(p *corev1.Pod) { delete(p.Labels, "pod-template-hash") }, "ReplicaSet monitoring/adapter-abc"},
		"stateful":    {func(p *corev1.Pod) { p.OwnerReferences[0].Kind = "StatefulSet" }, "StatefulSet monitoring/adapter-abc"},
		"bare pod":    {func(p *corev1.Pod) { p.OwnerReferences = nil }, "Pod monitoring/adapter-abc-1"},
		"no own boss": {func(p *corev1.Pod) { p.OwnerReferences[0].Controller = nil }, "Pod monitoring/adapter-abc-1"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := adapterPod()
			tc.change(pod)
			if got := ownerOf(pod).String(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestProcessesLeaveOutWhatEnds(t *testing.T) {
	at := func(name string, minutes int, change func(*corev1.Pod)) corev1.Pod {
		p := adapterPod()
		p.Name, p.CreationTimestamp = name, metav1.NewTime(noon.Add(time.Duration(minutes)*time.Minute))
		change(p)
		return *p
	}
	same := func(*corev1.Pod) {}
	got := []string{}
	for _, p := range processes([]corev1.Pod{
		at("new", 3, same),
		at("ending", 2, func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: noon} }),
		at("failed", 4, func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }),
		at("done", 5, func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }),
		at("starting", 6, func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }),
		at("old", 1, same),
	}) {
		got = append(got, p.pod.Name)
	}
	if diff := cmp.Diff([]string{"old", "new", "starting"}, got); diff != "" {
		t.Error(diff)
	}
}
