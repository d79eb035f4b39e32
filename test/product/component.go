package product

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// component describes the process of a shipped Deployment.
type component struct {
	namespace string
	account   string   // service account
	args      []string // the first is the subcommand
	memory    int64    // limit in bytes
}

// componentOf returns the component of a kustomization that runs a subcommand.
func componentOf(folder, command string) (component, error) {
	objects, err := controlplane.Render(folder)
	if err != nil {
		return component{}, err
	}
	return findComponent(objects, command)
}

func findComponent(objects []*unstructured.Unstructured, command string) (component, error) {
	for _, o := range objects {
		if o.GetKind() != "Deployment" {
			continue
		}
		var d appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d); err != nil {
			return component{}, fmt.Errorf("decode Deployment %s: %w", o.GetName(), err)
		}
		pod := d.Spec.Template.Spec
		if len(pod.Containers) != 1 || len(pod.Containers[0].Args) == 0 {
			return component{}, fmt.Errorf("read Deployment %s: want one container with a subcommand", d.Name)
		}
		if args := pod.Containers[0].Args; args[0] == command {
			return component{
				namespace: d.Namespace, account: pod.ServiceAccountName, args: slices.Clone(args),
				memory: pod.Containers[0].Resources.Limits.Memory().Value(),
			}, nil
		}
	}
	return component{}, fmt.Errorf("read manifests: no Deployment runs kong-latency %s", command)
}

// tokenLife is longer than any control plane is kept running.
const tokenLife = 7 * 24 * time.Hour

// access writes a kubeconfig with exactly the rights of the component's service
// account, and returns its path.
func (c component) access(ctx context.Context, cp *controlplane.ControlPlane) (string, error) {
	config := cp.Config()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("make client: %w", err)
	}
	token, err := clients.CoreV1().ServiceAccounts(c.namespace).CreateToken(ctx, c.account, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenLife.Seconds()))},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("get token of service account %s: %w", c.account, err)
	}
	const name = "kong-latency"
	raw, err := clientcmd.Write(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {Token: token.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	})
	if err != nil {
		return "", fmt.Errorf("encode kubeconfig of service account %s: %w", c.account, err)
	}
	// A separate file for each process: several may start at the same time.
	file, err := os.CreateTemp(cp.Dir(), c.account+"-*.kubeconfig")
	if err == nil {
		_, err = file.Write(raw)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return "", fmt.Errorf("write kubeconfig of service account %s: %w", c.account, err)
	}
	return file.Name(), nil
}
