package controlplane

import (
	"fmt"
	"path/filepath"
)

// Names of the programs that tests disturb.
const (
	Etcd      = etcd
	APIServer = apiServer
)

// Names of the programs, also of their files and logs.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kwok              = "kwok"
	// The files of kube-apiserver's audit.
	auditPolicy = "audit-policy.yaml"
	auditLog    = "audit.log"
	// kwokStages defines the lifecycle of nodes and pods. It comes from
	// kwok's own module.
	kwokStages = "kwok-stages.yaml"
)

// ports that one control plane listens on, all on 127.0.0.1.
type ports struct {
	etcdClient, etcdPeer, apiServer, controllerManager, scheduler int
}

func pickPorts() (ports, error) {
	p, err := freePorts(5)
	if err != nil {
		return ports{}, err
	}
	return ports{etcdClient: p[0], etcdPeer: p[1], apiServer: p[2], controllerManager: p[3], scheduler: p[4]}, nil
}

func url(scheme string, port int) string { return fmt.Sprintf("%s://127.0.0.1:%d", scheme, port) }

// etcdFlags: nothing survives a stop, so nothing needs to be synced to disk.
func etcdFlags(dir string, p ports) []string {
	clientURL, peerURL := url("http", p.etcdClient), url("http", p.etcdPeer)
	return []string{
		"--data-dir=" + filepath.Join(dir, "etcd"),
		"--unsafe-no-fsync",
		"--listen-client-urls=" + clientURL,
		"--advertise-client-urls=" + clientURL,
		"--listen-peer-urls=" + peerURL,
		"--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=default=" + peerURL,
		"--log-level=warn",
	}
}

// apiServerFlags: the --requestheader and --proxy-client flags are what an
// aggregated API needs to trust the API server's calls. The ServiceAccount admission
// plugin is off because it would refuse pods until a controller has created their
// account, and mount a token that no kubelet provides here.
func apiServerFlags(dir string, p ports, extra []string) []string {
	in := func(file string) string { return filepath.Join(dir, file) }
	return append([]string{
		"--etcd-servers=" + url("http", p.etcdClient),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		fmt.Sprintf("--secure-port=%d", p.apiServer),
		"--tls-cert-file=" + in(servingCert),
		"--tls-private-key-file=" + in(servingKey),
		"--client-ca-file=" + in(caCert),
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		"--disable-admission-plugins=ServiceAccount",
		"--service-cluster-ip-range=10.0.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + in(tokenPublicKey),
		"--service-account-signing-key-file=" + in(tokenKey),
		"--requestheader-client-ca-file=" + in(frontCACert),
		"--requestheader-allowed-names=" + frontProxyName,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + in(frontCert),
		"--proxy-client-key-file=" + in(frontKey),
	}, extra...)
}

// controllerManagerFlags: the HPA controller syncs every two seconds instead of every
// 15, and scales in after five seconds instead of 300 unless an HPA says otherwise.
func controllerManagerFlags(dir, kubeconfig string, p ports) []string {
	return append(servingFlags(dir, p.controllerManager),
		"--kubeconfig="+kubeconfig,
		"--leader-elect=false",
		"--service-account-private-key-file="+filepath.Join(dir, tokenKey),
		"--root-ca-file="+filepath.Join(dir, caCert),
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--horizontal-pod-autoscaler-sync-period=2s",
		"--horizontal-pod-autoscaler-downscale-stabilization=5s",
	)
}

func schedulerFlags(dir, kubeconfig string, p ports) []string {
	return append(servingFlags(dir, p.scheduler),
		"--kubeconfig="+kubeconfig,
		"--leader-elect=false",
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
	)
}

func servingFlags(dir string, port int) []string {
	return []string{
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + filepath.Join(dir, servingCert),
		"--tls-private-key-file=" + filepath.Join(dir, servingKey),
	}
}

// kwokFlags: kwok renews the node's lease, without which the controller
// manager would evict all pods after a minute.
func kwokFlags(stages, kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--config=" + stages,
		"--manage-all-nodes=true",
		"--cidr=10.1.0.0/16",
		"--node-ip=127.0.0.1",
		"--node-lease-duration-seconds=40",
	}
}
