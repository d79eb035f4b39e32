package watch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kong-latency/kong-latency/internal/cluster/discover"
)

// Flags name the components of the metric pipeline, for clusters in which they cannot be
// discovered. The programs that read a cluster share them.
type Flags struct {
	OperatorService  string
	AdapterConfigMap string
	AdapterConfigKey string
}

// AddFlags adds the flags.
func (f *Flags) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&f.OperatorService, "operator-service", f.OperatorService, "namespace/name of the Service through which Kong Operator's metrics are scraped; found by its labels if empty")
	fs.StringVar(&f.AdapterConfigMap, "adapter-configmap", f.AdapterConfigMap, "namespace/name of prometheus-adapter's ConfigMap; found through the custom metrics API if empty")
	key := f.AdapterConfigKey
	if key == "" {
		key = discover.DefaultKey
	}
	fs.StringVar(&f.AdapterConfigKey, "adapter-config-key", key, "key of that ConfigMap that holds the configuration")
}

// Options are the flags as options of a Source.
func (f *Flags) Options() (Options, error) {
	out := Options{AdapterKey: f.AdapterConfigKey}
	var errs [2]error
	out.OperatorService, errs[0] = parseName("operator-service", f.OperatorService)
	out.AdapterConfigMap, errs[1] = parseName("adapter-configmap", f.AdapterConfigMap)
	return out, errors.Join(errs[:]...)
}

func parseName(flag, value string) (types.NamespacedName, error) {
	if value == "" {
		return types.NamespacedName{}, nil
	}
	namespace, name, ok := strings.Cut(value, "/")
	if !ok || len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return types.NamespacedName{}, fmt.Errorf("--%s is %q: must be namespace/name", flag, value)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}
