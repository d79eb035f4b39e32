package discover

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// defaultRelist is prometheus-adapter's own default of --metrics-relist-interval.
const defaultRelist = 10 * time.Minute

// Process is a process of prometheus-adapter in a pod.
type Process struct {
	// PrometheusURL is the argument --prometheus-url.
	PrometheusURL string
	// Owner is the Deployment of the pod, or else its controller or the pod itself.
	Owner finding.Object

	// file is what --config names, empty if the flag is not there.
	file   string
	relist time.Duration
	// maxAge is zero if not given: then it equals relist.
	maxAge time.Duration
	// started is when the container last started; zero if it does not run.
	started time.Time

	pod       *corev1.Pod
	container *corev1.Container
}

// ConfigMapKey is where in the cluster a configuration is.
type ConfigMapKey struct {
	Name types.NamespacedName
	Key  string
}

// OrDefault is k with DefaultKey as its key if it has none.
func (k ConfigMapKey) OrDefault() ConfigMapKey {
	if k.Key == "" {
		k.Key = DefaultKey
	}
	return k
}

// Object names the ConfigMap in findings.
func (k ConfigMapKey) Object() finding.Object {
	return finding.Object{Kind: "ConfigMap", Namespace: k.Name.Namespace, Name: k.Name.Name}
}

// processes are the adapter's processes among pods that are alive, oldest pod first.
func processes(pods []corev1.Pod) []Process {
	pods = slices.Clone(pods)
	slices.SortFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	var out []Process
	for i := range pods {
		p := &pods[i]
		if p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			out = append(out, processOf(p))
		}
	}
	return out
}

// ProcessOf returns the process of prometheus-adapter that a Deployment runs; false if it
// runs none.
func ProcessOf(d *appsv1.Deployment) (Process, bool) {
	p := processOf(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: d.Name, Labels: d.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: d.Name, Controller: ptr.To(true)}},
		},
		Spec: d.Spec.Template.Spec,
	})
	return p, p.file != "" && p.PrometheusURL != ""
}

// SelectedBy reports whether a Service of the same namespace sends traffic to the process.
func (p Process) SelectedBy(s *corev1.Service) bool {
	return len(s.Spec.Selector) > 0 && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(p.pod.Labels))
}

// CheckIntervals returns an error if the process does not start with a configuration
// because of the intervals in its arguments.
func (p Process) CheckIntervals(config *adapterconfig.Config) error {
	return config.CheckIntervals(p.relist, p.maxAge)
}

// processOf reads the adapter's container of a pod: the one with --config, or
// with --prometheus-url if several have it.
func processOf(pod *corev1.Pod) Process {
	var best Process
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		p := Process{relist: defaultRelist, Owner: ownerOf(pod), pod: pod, container: c}
		p.flags(slices.Concat(c.Command, c.Args))
		if best.container == nil || best.file == "" && p.file != "" ||
			p.file != "" && best.PrometheusURL == "" && p.PrometheusURL != "" {
			best = p
		}
	}
	if best.container != nil {
		best.started = startOf(pod, best.container.Name)
	}
	return best
}

// flags reads the flags that matter. As with the adapter, the last one counts.
func (p *Process) flags(args []string) {
	for i, arg := range args {
		if arg == "--" {
			return
		}
		name, value, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		switch name {
		case "--config":
			p.file = value
		case "--prometheus-url":
			p.PrometheusURL = value
		case "--metrics-relist-interval":
			if d, err := time.ParseDuration(value); err == nil {
				p.relist = d
			}
		case "--metrics-max-age":
			if d, err := time.ParseDuration(value); err == nil {
				p.maxAge = d
			}
		}
	}
}

// startOf is when a container of the pod last started; zero if it does not run.
func startOf(pod *corev1.Pod, container string) time.Time {
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name == container && s.State.Running != nil {
			return s.State.Running.StartedAt.Time
		}
	}
	return time.Time{}
}

// ownerOf is the Deployment that a pod belongs to, by the name of its ReplicaSet,
// which Deployments make of their own name and the pod template's hash. Without
// one it is the pod's own controller, or the pod.
func ownerOf(pod *corev1.Pod) finding.Object {
	for _, o := range pod.OwnerReferences {
		if o.Controller == nil || !*o.Controller {
			continue
		}
		name, of := strings.CutSuffix(o.Name, "-"+pod.Labels["pod-template-hash"])
		if o.Kind == "ReplicaSet" && of {
			return finding.Object{Kind: "Deployment", Namespace: pod.Namespace, Name: name}
		}
		return finding.Object{Kind: o.Kind, Namespace: pod.Namespace, Name: o.Name}
	}
	return finding.Object{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}
}

// ConfigMap finds the ConfigMap and key that the process reads as its
// configuration. The error is a clause to show to users.
func (p Process) ConfigMap() (ConfigMapKey, error) {
	if p.container == nil || p.file == "" {
		return ConfigMapKey{}, fmt.Errorf("%s does not run prometheus-adapter: no container has the argument --config", p.Owner)
	}
	file := path.Clean(p.file)
	mount, rest, ok := mountOf(p.container.VolumeMounts, file)
	if !ok {
		return ConfigMapKey{}, fmt.Errorf("no volume of %s holds %s, which --config names", p.Owner, file)
	}
	if mount.SubPathExpr != "" {
		return ConfigMapKey{}, fmt.Errorf("volume %s of %s is mounted by subPathExpr, which only its node can resolve", mount.Name, p.Owner)
	}
	i := slices.IndexFunc(p.pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
	if i < 0 {
		return ConfigMapKey{}, fmt.Errorf("%s has no volume %s", p.Owner, mount.Name)
	}
	name, key, err := keyAt(p.pod.Spec.Volumes[i].VolumeSource, path.Join(mount.SubPath, rest))
	if err != nil {
		return ConfigMapKey{}, fmt.Errorf("--config of %s names %s: %w", p.Owner, file, err)
	}
	return ConfigMapKey{types.NamespacedName{Namespace: p.pod.Namespace, Name: name}, key}, nil
}

// mountOf is the mount that a file is in, the deepest one, and the file's path in it.
func mountOf(mounts []corev1.VolumeMount, file string) (found corev1.VolumeMount, rest string, ok bool) {
	for _, m := range mounts {
		at := path.Clean(m.MountPath)
		if ok && len(at) < len(path.Clean(found.MountPath)) {
			continue
		}
		if file == at {
			found, rest, ok = m, "", true // a subPath that is a file
		} else if in, within := strings.CutPrefix(file, strings.TrimSuffix(at, "/")+"/"); within {
			found, rest, ok = m, in, true
		}
	}
	return found, rest, ok
}

// keyAt is the ConfigMap and the key that a volume shows at a path.
func keyAt(volume corev1.VolumeSource, at string) (configMap, key string, err error) {
	switch {
	case volume.ConfigMap != nil:
		key, ok := itemAt(volume.ConfigMap.Items, at)
		if !ok {
			return "", "", fmt.Errorf("ConfigMap %s is mounted without it", volume.ConfigMap.Name)
		}
		return volume.ConfigMap.Name, key, nil
	case volume.Projected != nil:
		for _, s := range volume.Projected.Sources {
			if s.ConfigMap == nil || len(s.ConfigMap.Items) == 0 && len(volume.Projected.Sources) > 1 {
				continue // whether a source without items has the key is not to be seen here
			}
			if key, ok := itemAt(s.ConfigMap.Items, at); ok {
				return s.ConfigMap.Name, key, nil
			}
		}
		return "", "", errors.New("it is in a projected volume that no ConfigMap is seen to fill")
	case volume.Secret != nil:
		return "", "", fmt.Errorf("it is in Secret %s, and Secrets are not read", volume.Secret.SecretName)
	default:
		return "", "", errors.New("its volume is not made of a ConfigMap")
	}
}

// itemAt is the key that is shown at a path. Without items every key is, under its
// own name.
func itemAt(items []corev1.KeyToPath, at string) (string, bool) {
	if len(items) == 0 {
		return at, at != "" && !strings.Contains(at, "/")
	}
	i := slices.IndexFunc(items, func(item corev1.KeyToPath) bool { return path.Clean(item.Path) == at })
	if i < 0 {
		return "", false
	}
	return items[i].Key, true
}
