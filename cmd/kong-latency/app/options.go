package app

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/version"
)

// Options are the options of all subcommands. A subcommand has the flags of its part
// only.
type Options struct {
	Common
	Webhook    WebhookOptions
	Controller ControllerOptions
}

// Common options are on every subcommand.
type Common struct {
	// Pipeline says where the parts of the metric pipeline are.
	Pipeline watch.Flags

	Kubeconfig         string
	Namespace          string
	MetricsBindAddress string
	ProbeBindAddress   string
	PprofBindAddress   string
	LogLevel           string
	LogFormat          string
}

// ControllerOptions are the options of the controller.
type ControllerOptions struct {
	LeaderElect bool
	Workers     int
	// TimeScale is how many times as fast as the clock the time of the workloads passes. It
	// is 1 but for simulations, and has no flag.
	TimeScale float64
	// WorkloadFindingsLimit is the maximum number of series of the findings of single
	// workloads; 0 exposes none.
	WorkloadFindingsLimit int
}

// DefaultOptions returns the defaults of all flags.
func DefaultOptions() *Options {
	return &Options{
		Common: Common{
			Namespace:          "kong-latency-system",
			MetricsBindAddress: ":8080",
			ProbeBindAddress:   ":8081",
			PprofBindAddress:   "0",
			LogLevel:           "info",
			LogFormat:          "json",
			Pipeline:           watch.Flags{AdapterConfigKey: "config.yaml"},
		},
		Webhook:    defaultWebhookOptions(),
		Controller: ControllerOptions{LeaderElect: true, Workers: 8, TimeScale: 1},
	}
}

// AddFlags adds the common flags.
func (o *Common) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig, "kubeconfig file; in a cluster, leave it empty to use the service account")
	fs.StringVar(&o.Namespace, "namespace", o.Namespace, "namespace that this program runs in; the environment variable POD_NAMESPACE, where set, is the default")
	fs.StringVar(&o.MetricsBindAddress, "metrics-bind-address", o.MetricsBindAddress, "host:port that serves Prometheus metrics; 0 serves none")
	fs.StringVar(&o.ProbeBindAddress, "health-probe-bind-address", o.ProbeBindAddress, "host:port that serves /healthz and /readyz; 0 serves none")
	fs.StringVar(&o.PprofBindAddress, "pprof-bind-address", o.PprofBindAddress, "host:port that serves the profiles of Go's pprof, to whoever can reach it; 0 serves none")
	fs.StringVar(&o.LogLevel, "log-level", o.LogLevel, "minimum log level: debug, info, warn or error")
	fs.StringVar(&o.LogFormat, "log-format", o.LogFormat, "log format: json or text")
	o.Pipeline.AddFlags(fs)
}

// AddFlags adds the controller's flags.
func (o *ControllerOptions) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.LeaderElect, "leader-elect", o.LeaderElect, "elect a leader by a lease, so that further replicas can be on standby")
	fs.IntVar(&o.Workers, "workers", o.Workers, "number of workloads reconciled concurrently")
	fs.IntVar(&o.WorkloadFindingsLimit, "workload-findings-limit", o.WorkloadFindingsLimit,
		"maximum number of series of the metric kong_latency_workload_findings, which has the findings of each workload; 0 exposes none")
}

// Complete sets options that no flag sets from the environment.
func (o *Options) Complete(namespaceGiven bool) {
	if ns := os.Getenv("POD_NAMESPACE"); ns != "" && !namespaceGiven {
		o.Namespace = ns
	}
}

// Validate reports every invalid option.
func (o *Options) Validate() error {
	var errs []error
	check := func(ok bool, flag, value, allowed string) {
		if !ok {
			errs = append(errs, fmt.Errorf("--%s is %q: must be %s", flag, value, allowed))
		}
	}
	check(len(validation.IsDNS1123Label(o.Namespace)) == 0, "namespace", o.Namespace, "the name of a namespace")
	_, err := level(o.LogLevel)
	check(err == nil, "log-level", o.LogLevel, "debug, info, warn or error")
	check(o.LogFormat == "json" || o.LogFormat == "text", "log-format", o.LogFormat, "json or text")
	if err := o.Webhook.validate(o.Namespace); err != nil {
		errs = append(errs, err)
	}
	if _, err := o.Pipeline.Options(); err != nil {
		errs = append(errs, err)
	}
	check(o.Controller.Workers > 0, "workers", strconv.Itoa(o.Controller.Workers), "at least 1")
	check(o.Controller.WorkloadFindingsLimit >= 0, "workload-findings-limit", strconv.Itoa(o.Controller.WorkloadFindingsLimit), "at least 0")
	return errors.Join(errs...)
}

func level(name string) (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(name))
	return l, err
}

// hostPort splits an address to listen on.
func hostPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return host, int(n), err
}

// logger writes structured logs to w.
func (o *Common) logger(w io.Writer) logr.Logger {
	l, err := level(o.LogLevel)
	if err != nil {
		l = slog.LevelInfo // unreachable after Validate
	}
	handlerOptions := &slog.HandlerOptions{Level: l}
	if o.LogFormat == "text" {
		return logr.FromSlogHandler(slog.NewTextHandler(w, handlerOptions))
	}
	return logr.FromSlogHandler(slog.NewJSONHandler(w, handlerOptions))
}

// restConfig returns the configuration of API clients. There is no client-side rate
// limit: the API server's priority and fairness decides, so that a thousand workloads
// are attached as fast as it allows.
func (o *Common) restConfig() (*rest.Config, error) {
	config, err := loadConfig(o.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("load kubeconfig: %w", err)
	}
	config.QPS = -1
	// Compression costs client and server more time than it saves on the network for
	// what is read once at the start.
	config.DisableCompression = true
	config.UserAgent = "kong-latency/" + version.String()
	return config, nil
}

func loadConfig(path string) (*rest.Config, error) {
	if path == "" {
		return ctrl.GetConfig()
	}
	return clientcmd.BuildConfigFromFlags("", path)
}
