// Package operator runs the real prometheus-operator beside a control plane, and gives the
// configuration that it writes to a Prometheus that runs outside of the cluster.
package operator

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// Program is the name of the operator's program, and of its log.
const Program = "prometheus-operator"

// Run starts the operator, which then serves all Prometheus objects of the cluster. The
// kinds of prometheus-operator must be installed.
func Run(cp *controlplane.ControlPlane) (*controlplane.Process, error) {
	port, err := controlplane.FreePort()
	if err != nil {
		return nil, err
	}
	ca, cert, key := cp.Certificates()
	return cp.Run(Program, exec.Command(cp.Binary(Program),
		"-apiserver="+cp.Config().Host,
		"-ca-file="+ca, "-cert-file="+cert, "-key-file="+key,
		fmt.Sprintf("-web.listen-address=127.0.0.1:%d", port)))
}

// Options are the options of Follow.
type Options struct {
	ControlPlane *controlplane.ControlPlane
	// Prometheus is the object whose configuration is followed.
	Prometheus types.NamespacedName
	// File is where the configuration goes.
	File string
	// More, if set, is a file with further scrape_configs.
	More string
	// Reload makes Prometheus read the file again. It is called after changes only.
	Reload func(context.Context) error
}

// Target is one process whose metrics a Service exposes.
type Target struct {
	// Address is its real host:port.
	Address string
	// Pod is the name of the pod that stands for it in the cluster.
	Pod string
}

// Configured follows the configuration of one Prometheus. It ends with the context of
// Follow.
type Configured struct {
	options Options
	admin   client.Client
	secrets cache.Cache
	// wake has capacity 1: it signals a change, not the number of changes.
	wake chan struct{}
	done chan struct{}

	mu        sync.Mutex
	addresses map[types.NamespacedName]string
	written   []byte
	problem   error
}

const (
	// retryAfter is the delay of retries when nothing changes.
	retryAfter = time.Second
	// firstBound limits the wait for the first configuration.
	firstBound = time.Minute
)

// Follow writes the configuration once the operator has made it, and again whenever it
// changes.
func Follow(ctx context.Context, options Options) (*Configured, error) {
	c := &Configured{
		options: options, addresses: map[types.NamespacedName]string{},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	var err error
	if c.admin, err = client.New(options.ControlPlane.Config(), client.Options{}); err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	if err := c.watch(ctx); err != nil {
		return nil, fmt.Errorf("watch the configuration of Prometheus: %w", err)
	}
	if err := c.first(ctx); err != nil {
		return nil, err
	}
	go c.run(ctx)
	return c, nil
}

// Done is closed when following has ended.
func (c *Configured) Done() <-chan struct{} { return c.done }

// Problem returns why Prometheus does not have the current configuration, nil if it has.
func (c *Configured) Problem() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problem
}

// Serve puts targets behind a Service, which must exist: a pod for each, which the node
// makes ready, and whose address is the target's for the Prometheus.
func (c *Configured) Serve(ctx context.Context, name types.NamespacedName, targets ...Target) error {
	var service corev1.Service
	if err := c.admin.Get(ctx, name, &service); err != nil {
		return fmt.Errorf("read Service of the metrics: %w", err)
	}
	for _, t := range targets {
		pod := podOf(&service, t.Pod)
		c.mu.Lock()
		c.addresses[client.ObjectKeyFromObject(pod)] = t.Address
		c.mu.Unlock()
		if err := c.admin.Create(ctx, pod); err != nil {
			return fmt.Errorf("create pod of the metrics: %w", err)
		}
	}
	c.changed()
	return nil
}

// podOf is a pod that the Service selects, with its ports.
func podOf(service *corev1.Service, name string) *corev1.Pod {
	// As the namespace of the product demands, by the Pod Security Standard restricted.
	container := corev1.Container{Name: "manager", Image: "manager", SecurityContext: &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}}
	for _, p := range service.Spec.Ports {
		container.Ports = append(container.Ports, corev1.ContainerPort{
			Name: p.TargetPort.StrVal, ContainerPort: cmp.Or(p.TargetPort.IntVal, p.Port),
		})
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: name, Labels: maps.Clone(service.Spec.Selector)},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(false),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{container},
		},
	}
}

// changed wakes what follows.
func (c *Configured) changed() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// watch returns when the cache is synced. It holds the one Secret only.
func (c *Configured) watch(ctx context.Context) error {
	name := c.secret()
	var err error
	c.secrets, err = cache.New(c.options.ControlPlane.Config(), cache.Options{
		DefaultNamespaces:    map[string]cache.Config{name.Namespace: {}},
		DefaultFieldSelector: fields.OneTermEqualSelector("metadata.name", name.Name),
	})
	if err != nil {
		return err
	}
	informer, err := c.secrets.GetInformer(ctx, &corev1.Secret{}, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { c.changed() },
		UpdateFunc: func(any, any) { c.changed() },
	})
	if err != nil {
		return err
	}
	go func() { _ = c.secrets.Start(ctx) }() // ends with the context, without an error
	if !c.secrets.WaitForCacheSync(ctx) {
		return context.Cause(ctx)
	}
	return nil
}

func (c *Configured) secret() types.NamespacedName {
	return types.NamespacedName{Namespace: c.options.Prometheus.Namespace, Name: secretPrefix + c.options.Prometheus.Name}
}

// first waits for the first configuration and writes it.
func (c *Configured) first(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, firstBound)
	defer cancel()
	for {
		text, err := c.configuration(ctx)
		if err == nil {
			return c.write(text)
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-c.wake:
		}
	}
}

func (c *Configured) run(ctx context.Context) {
	defer close(c.done)
	for {
		var retry <-chan time.Time
		err := c.sync(ctx)
		if err != nil {
			retry = time.After(retryAfter)
		}
		c.mu.Lock()
		c.problem = err
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-retry:
		}
	}
}

// sync updates Prometheus' configuration, if it has changed.
func (c *Configured) sync(ctx context.Context) error {
	text, err := c.configuration(ctx)
	if err != nil || bytes.Equal(text, c.written) {
		return err
	}
	if err := c.write(text); err != nil {
		return err
	}
	if err := c.options.Reload(ctx); err != nil {
		c.written = nil // so that it is retried
		return fmt.Errorf("reload Prometheus: %w", err)
	}
	return nil
}

func (c *Configured) configuration(ctx context.Context) ([]byte, error) {
	var secret corev1.Secret
	if err := c.secrets.Get(ctx, c.secret(), &secret); err != nil {
		return nil, fmt.Errorf("read the configuration of Prometheus: %w", err)
	}
	text, err := Configuration(&secret)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	addresses := maps.Clone(c.addresses)
	c.mu.Unlock()
	return outside{kubeconfig: c.options.ControlPlane.Kubeconfig(), addresses: addresses, more: c.options.More}.adapt(text)
}

func (c *Configured) write(text []byte) error {
	if err := os.WriteFile(c.options.File, text, 0o600); err != nil {
		return fmt.Errorf("write configuration of Prometheus: %w", err)
	}
	c.written = text
	return nil
}
