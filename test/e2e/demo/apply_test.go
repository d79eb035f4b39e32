package main

import "testing"

func TestFixIn(t *testing.T) {
	const refused = `service/echo created
Error from server: error when creating "echo.yaml": admission webhook "w" denied the request: autoscaling by latency cannot work like this:
- ServiceMonitorNotFound: no ServiceMonitor selects Service a/b --- none at all
`
	tests := map[string]struct {
		output, want string
		ok           bool
	}{
		"one fix":          {refused + "---\nkind: A\n", "kind: A\n", true},
		"several":          {refused + "---\nkind: A\n---\nkind: B\n", "kind: A\n---\nkind: B\n", true},
		"none":             {refused, "", false},
		"nothing after it": {refused + "---\n\n", "", false},
		"no output":        {"", "", false},
	}
	for name, tt := range tests {
		got, ok := fixIn(tt.output)
		if ok != tt.ok || (ok && got != tt.want) {
			t.Errorf("%s: %q, %v; want %q, %v", name, got, ok, tt.want, tt.ok)
		}
	}
}
