package certs

import (
	"fmt"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Setup adds a Source to the manager. Every replica runs it, leader or not,
// because every replica serves.
func Setup(mgr manager.Manager, o Options) (*Source, error) {
	if err := o.Complete(); err != nil {
		return nil, fmt.Errorf("check options of certificates: %w", err)
	}
	log := mgr.GetLogger().WithName("certs")
	mode, err := resolve(o.Mode, mgr.GetRESTMapper())
	if err != nil {
		return nil, err
	}
	log.Info("certificate mode", "mode", mode, "configured", o.Mode)

	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, cmv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("build scheme of certificates: %w", err)
		}
	}
	// The manager's client would answer from an informer for all Secrets of the
	// cluster, which needs the right to list them all. This one reads directly.
	direct, err := client.New(mgr.GetConfig(), client.Options{
		HTTPClient: mgr.GetHTTPClient(),
		Mapper:     mgr.GetRESTMapper(),
		Scheme:     scheme,
	})
	if err != nil {
		return nil, fmt.Errorf("create client of certificates: %w", err)
	}
	source, err := newSource(direct, log, mode, o)
	if err != nil {
		return nil, err
	}
	if mode != Files {
		if source.watch, err = newWatch(mgr, scheme, log, mode, source.options); err != nil {
			return nil, fmt.Errorf("watch certificates: %w", err)
		}
	}
	if err := mgr.Add(source); err != nil {
		return nil, fmt.Errorf("add certificates to manager: %w", err)
	}
	return source, nil
}

// resolve resolves Auto, once: replicas that switch at different times would work
// against each other.
func resolve(mode Mode, mapper meta.RESTMapper) (Mode, error) {
	if mode != Auto {
		return mode, nil
	}
	_, err := mapper.RESTMapping(schema.GroupKind{Group: cmv1.SchemeGroupVersion.Group, Kind: cmv1.CertificateKind}, cmv1.SchemeGroupVersion.Version)
	switch {
	case err == nil:
		return CertManager, nil
	case meta.IsNoMatchError(err):
		return SelfSigned, nil
	default:
		return "", fmt.Errorf("find out whether cert-manager is installed: %w", err)
	}
}

// newSource returns a source for completed options and a mode that is not Auto.
func newSource(c client.Client, log logr.Logger, mode Mode, o Options) (*Source, error) {
	serving, err := newServing(metrics.Registry)
	if err != nil {
		return nil, err
	}
	var k keeper
	switch mode {
	case CertManager:
		setDefault(&o.Secret, CertManagerSecret)
		k = newIssued(serving, c, log, o)
	case Files:
		k = &files{serving: serving, options: o, names: o.spec().Names, log: log}
	default:
		setDefault(&o.Secret, SelfSignedSecret)
		k = &selfSigned{serving: serving, options: o, spec: o.spec(), client: c, log: log}
	}
	return &Source{keeper: k, options: o, log: log}, nil
}
