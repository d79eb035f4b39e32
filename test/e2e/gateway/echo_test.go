package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// get sends one request to the handler and returns the status and the duration.
func get(h http.Handler, target string) (int, time.Duration) {
	start, w := time.Now(), httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Code, time.Since(start)
}

func TestQueueServesOneAtATimeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newEcho(Capacity{ServiceTime: 20 * time.Millisecond, Queue: 3})
		codes, took := make([]int, 4), make([]time.Duration, 4)
		var requests sync.WaitGroup
		for i := range 4 {
			requests.Go(func() {
				_ = sleep(t.Context(), time.Duration(i)*time.Millisecond) // order of arrival
				codes[i], took[i] = get(server, "/")
			})
		}
		requests.Wait()
		// Each arrives 1 ms after the one before it and waits for all of them;
		// the fourth finds no place.
		want := []time.Duration{20 * time.Millisecond, 39 * time.Millisecond, 58 * time.Millisecond, 0}
		if d := cmp.Diff(want, took); d != "" {
			t.Errorf("durations (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]int{200, 200, 200, 503}, codes); d != "" {
			t.Errorf("statuses (-want +got):\n%s", d)
		}
	})
}

func TestSlotsServeAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newEcho(Capacity{ServiceTime: 20 * time.Millisecond, Slots: 2, Queue: 5})
		took := make([]time.Duration, 5)
		var requests sync.WaitGroup
		for i := range took {
			requests.Go(func() {
				_ = sleep(t.Context(), time.Duration(i)*time.Millisecond) // order of arrival
				_, took[i] = get(server, "/")
			})
		}
		requests.Wait()
		// Two at a time; each of the others gets the slot that is free first.
		want := []time.Duration{20, 20, 38, 38, 56}
		for i := range want {
			want[i] *= time.Millisecond
		}
		if d := cmp.Diff(want, took); d != "" {
			t.Errorf("durations (-want +got):\n%s", d)
		}
	})
}

func TestQueuePlaceIsFreedAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newEcho(Capacity{ServiceTime: time.Millisecond, Queue: 1})
		for range 3 {
			if code, _ := get(server, "/"); code != http.StatusOK {
				t.Fatalf("status %d, want 200", code)
			}
		}
	})
}

func TestMoreServersLowerTheLatency(t *testing.T) {
	const clients, rounds = 12, 20
	const service = 20 * time.Millisecond
	for servers := 1; servers <= 6; servers++ {
		synctest.Test(t, func(t *testing.T) {
			var pool []*echo
			for range servers {
				pool = append(pool, newEcho(Capacity{ServiceTime: service, Queue: clients}))
			}
			var all sync.WaitGroup
			longest := make([]time.Duration, clients)
			for c := range clients {
				all.Go(func() {
					for range rounds {
						_, took := get(pool[c%servers], "/")
						longest[c] = max(longest[c], took)
					}
				})
			}
			all.Wait()
			perServer := (clients + servers - 1) / servers
			for c, got := range longest {
				if want := time.Duration(perServer) * service; got > want {
					t.Errorf("%d servers, client %d: %v, want at most %v", servers, c, got, want)
				}
			}
			if want := time.Duration(clients/servers) * service; longest[0] < want {
				t.Errorf("%d servers: longest wait %v, want at least %v", servers, longest[0], want)
			}
		})
	}
}

func TestShell(t *testing.T) {
	tests := map[string]struct {
		cmd  string
		code int
		took time.Duration
	}{
		"as in the guide":   {"sleep 0.1", 200, 100 * time.Millisecond},
		"no time":           {"sleep 0", 200, 0},
		"other command":     {"ls", 400, 0},
		"nothing":           {"", 400, 0},
		"no number":         {"sleep soon", 400, 0},
		"negative":          {"sleep -1", 400, 0},
		"longer than a run": {"sleep 11", 400, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				code, took := get(newEcho(Capacity{}), "/shell?cmd="+url.QueryEscape(tt.cmd))
				if code != tt.code || took != tt.took {
					t.Errorf("got %d after %v, want %d after %v", code, took, tt.code, tt.took)
				}
			})
		})
	}
}
