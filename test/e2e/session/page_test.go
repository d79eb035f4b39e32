package main

import "testing"

func TestReplace(t *testing.T) {
	got, err := replace("a\n"+begin+"old\n"+end+"b\n", "new\n")
	if want := "a\n" + begin + "new\n" + end + "b\n"; err != nil || got != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	for _, page := range []string{"", begin, end} {
		if _, err := replace(page, "new"); err == nil {
			t.Errorf("%q: no error", page)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"--prometheus-url http://127.0.0.1:3456":        "--prometheus-url http://localhost:9090",
		"the custom metrics API has 101.7":              "the custom metrics API has 102.053",
		"saw 103451m, target 40":                        "saw 102053m, target 40",
		"echo  40ms  104ms  10  ok   1m7s   annotation": "echo  40ms  102ms  10  ok   45s   annotation",
		"10 replicas, wants 10 of 1-10":                 "10 replicas, wants 10 of 1-10",
	} {
		if got := plain(in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
