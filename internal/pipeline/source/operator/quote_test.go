package operator_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// lengthen calls try after each text below v was made huge, one at a time.
func lengthen(v reflect.Value, try func()) {
	const huge = 2000
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Elem().CanSet() {
			lengthen(v.Elem(), try)
		}
	case reflect.Struct:
		named := v.FieldByName("Name").IsValid() && v.FieldByName("Namespace").IsValid()
		for i := range v.NumField() {
			field := v.Type().Field(i).Name
			if field == "TypeMeta" || named && (field == "Name" || field == "Namespace") || !v.Field(i).CanSet() {
				continue
			}
			lengthen(v.Field(i), try)
		}
	case reflect.Slice:
		for i := range v.Len() {
			lengthen(v.Index(i), try)
		}
	case reflect.Map:
		if v.Type().Elem().Kind() == reflect.String {
			for _, key := range v.MapKeys() {
				before := v.MapIndex(key)
				v.SetMapIndex(key, reflect.ValueOf(before.String()+strings.Repeat("Z", huge)).Convert(v.Type().Elem()))
				try()
				v.SetMapIndex(key, before)
			}
		}
	case reflect.String:
		before := v.String()
		v.SetString(before + strings.Repeat("Z", huge))
		try()
		v.SetString(before)
	}
}

// Whatever somebody wrote anywhere in the pipeline, messages quote the beginning of it. Names of
// objects and namespaces are as short as the API server lets them be.
func TestMessagesQuoteLittle(t *testing.T) {
	tried, long := 0, strings.Repeat("Z", finding.MaxQuote+1)
	seen := map[*finding.Reason]bool{}
	for _, b := range append(allBreakers(), breaker{name: "good", change: func(*testing.T, *pipeline.Snapshot) {}}) {
		if seen[b.reason] {
			continue
		}
		seen[b.reason] = true
		s := broken(t, b)
		for _, part := range []any{&s.ServiceMonitors, &s.Prometheuses, &s.OperatorServices, &s.Adapter.Why, &s.Adapter.PrometheusURL, &s.MetricsAPI} {
			lengthen(reflect.ValueOf(part).Elem(), func() {
				tried++
				for _, f := range diagnose(s).Findings() {
					if strings.Contains(f.Message, long) {
						t.Errorf("%s: %s: %.400s", b.name, f.Reason.Name, f.Message)
					}
					if !f.Fix.IsManifest() && strings.Contains(f.Fix.Summary, long) {
						t.Errorf("%s: fix of %s: %.400s", b.name, f.Reason.Name, f.Fix.Summary)
					}
				}
			})
		}
	}
	if tried < 1000 {
		t.Errorf("only %d texts were tried", tried)
	}
}
