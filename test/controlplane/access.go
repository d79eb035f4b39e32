package controlplane

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// writeAccess writes the admin's kubeconfig and sets the equivalent rest.Config. Keys
// are embedded, so that the file can be copied.
func (c *ControlPlane) writeAccess(server string) error {
	read := map[string][]byte{}
	for _, file := range []string{caCert, adminCert, adminKey} {
		data, err := os.ReadFile(filepath.Join(c.dir, file))
		if err != nil {
			return fmt.Errorf("read key material: %w", err)
		}
		read[file] = data
	}
	const name = "kong-latency-test"
	file := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			name: {Server: server, CertificateAuthorityData: read[caCert]},
		},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{
			name: {ClientCertificateData: read[adminCert], ClientKeyData: read[adminKey]},
		},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}
	if err := clientcmd.WriteToFile(file, c.kubeconfig); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	c.config = &rest.Config{
		Host:            server,
		QPS:             -1,
		TLSClientConfig: rest.TLSClientConfig{CAData: read[caCert], CertData: read[adminCert], KeyData: read[adminKey]},
	}
	return nil
}
