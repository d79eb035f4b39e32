package measure_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"testing"

	"github.com/kong-latency/kong-latency/test/bench/measure"
)

// spin keeps a processor busy until stop is closed, and returns what it came to.
func spin(stop <-chan struct{}) (n uint64) {
	for {
		select {
		case <-stop:
			return n
		default:
			for i := range uint64(1000) {
				n = n*31 + i
			}
		}
	}
}

func TestSharesOfARealProfile(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(pprof.Profile))
	defer server.Close()
	stop, ended := make(chan struct{}), make(chan uint64)
	go func() { ended <- spin(stop) }()
	defer func() { close(stop); <-ended }()
	p, err := measure.Profile(t.Context(), server.Client(), server.URL, 1)
	if err != nil {
		t.Fatal(err)
	}
	shares := measure.Shares(p, []measure.Part{
		{Name: "spinning", Functions: "measure_test.spin"}, {Name: "nobody", Functions: "no.such.function"},
	})
	if shares[0].Of < 0.1 || shares[0].Of > 1 {
		t.Errorf("spinning took %.2f of the CPU time, and nothing else ran", shares[0].Of)
	}
	if shares[1].Of != 0 {
		t.Errorf("a function that is not there took %.2f", shares[1].Of)
	}
}
