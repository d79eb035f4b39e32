package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultsAreValid(t *testing.T) {
	if err := DefaultOptions().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateReportsEverything(t *testing.T) {
	o := DefaultOptions()
	o.Namespace, o.LogLevel, o.LogFormat, o.Webhook.BindAddress, o.Controller.Workers = "No", "loud", "xml", "9443", 0
	o.Controller.WorkloadFindingsLimit = -1
	o.Pipeline.AdapterConfigMap = "no-namespace"
	o.Webhook.DrainPeriod, o.Webhook.ClientNames = -1, []string{"kube-apiserver"}
	o.Webhook.Certificates.Mode, o.Webhook.Certificates.Grace = "magic", o.Webhook.Certificates.LeafValidity
	err := o.Validate()
	for _, want := range []string{"--namespace", "--log-level", "--log-format", "--webhook-bind-address", "--workers", "must be at least 1", "--workload-findings-limit", "--adapter-configmap",
		"--drain-period", "--client-name", `mode is "magic"`, "grace 2160h0m0s"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %s", err, want)
		}
	}
}

func TestNamespaceComesFromFlagThenPod(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "pod")
	o := DefaultOptions()
	if o.Complete(false); o.Namespace != "pod" {
		t.Errorf("namespace is %s, want the pod's", o.Namespace)
	}
	o.Namespace = "flag"
	if o.Complete(true); o.Namespace != "flag" {
		t.Errorf("namespace is %s, want the flag's", o.Namespace)
	}
}

func TestNoClientSideRateLimit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: https://127.0.0.1:1}}]\ncontexts: [{name: a, context: {cluster: a}}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := DefaultOptions()
	o.Kubeconfig = file
	config, err := o.restConfig()
	if err != nil {
		t.Fatal(err)
	}
	if config.QPS >= 0 {
		t.Errorf("QPS is %v, want none", config.QPS)
	}
}

func TestSubcommandsShowTheirFlagsOnly(t *testing.T) {
	help := func(args ...string) string {
		var out bytes.Buffer
		cmd := Command()
		cmd.SetOut(&out)
		cmd.SetArgs(append(args, "--help"))
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if text := help("webhook"); strings.Contains(text, "--leader-elect") || !strings.Contains(text, "--cert-secret") {
		t.Errorf("help of webhook:\n%s", text)
	}
	if text := help("controller"); strings.Contains(text, "--cert-secret") || !strings.Contains(text, "--leader-elect") {
		t.Errorf("help of controller:\n%s", text)
	}
	if text := help("all"); !strings.Contains(text, "--cert-secret") || !strings.Contains(text, "--leader-elect") {
		t.Errorf("help of all:\n%s", text)
	}
}
