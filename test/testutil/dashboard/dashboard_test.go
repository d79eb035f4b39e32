package dashboard_test

import (
	"testing"

	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

func TestExpand(t *testing.T) {
	values := map[string]string{"namespace": "shop", "__rate_interval": "1m"}
	for in, want := range map[string]string{
		`a{namespace="$namespace"}[$__rate_interval]`:      `a{namespace="shop"}[1m]`,
		`${namespace} $namespaces $deployment`:             `shop $namespaces $deployment`,
		`label_replace(a, "b", "$1", "c", "(.*)") $1 ${1}`: `label_replace(a, "b", "$1", "c", "(.*)") $1 ${1}`,
	} {
		if got := dashboard.Expand(in, values); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestLabelValues(t *testing.T) {
	v := dashboard.Variable{Name: "deployment", Query: map[string]any{"query": `label_values(info{namespace="$namespace", a="b"}, deployment)`}}
	selector, label, err := v.LabelValues()
	if err != nil || selector != `info{namespace="$namespace", a="b"}` || label != "deployment" {
		t.Errorf("got %q, %q, %v", selector, label, err)
	}
	for _, query := range []any{nil, "label_values(deployment)", map[string]any{"query": 1}, "query_result(up)"} {
		v.Query = query
		if _, _, err := v.LabelValues(); err == nil {
			t.Errorf("%v is accepted", query)
		}
	}
}
