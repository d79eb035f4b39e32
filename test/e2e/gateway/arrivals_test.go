package gateway

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// play sends a thousand requests a second for ten seconds.
func play(t *testing.T, inFlight int, request func(context.Context) error) (answered, failed, late int64) {
	t.Helper()
	load := Arrivals{
		Rate: func(time.Duration) float64 { return 1000 }, Target: 40 * time.Millisecond, InFlight: inFlight, Limit: 10 * time.Second,
	}.start(t.Context(), request)
	load.clients.Wait()
	answered, failed = load.Counts()
	return answered, failed, load.Late()
}

// about is a number within 5 %, more than a random number of arrivals differs.
func about(got int64, want float64) bool {
	return float64(got) >= 0.95*want && float64(got) <= 1.05*want
}

func lasting(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error { return sleep(ctx, d) }
}

func TestArrivalsDoNotWaitForAnswers(t *testing.T) {
	for d, want := range map[time.Duration]struct{ answered, late float64 }{
		20 * time.Millisecond: {10000, 0},
		60 * time.Millisecond: {10000, 10000},
		2 * time.Second:       {8000, 8000}, // those of the last two seconds have no answer at the end
	} {
		synctest.Test(t, func(t *testing.T) {
			answered, failed, late := play(t, 5000, lasting(d))
			if !about(answered, want.answered) || failed != 0 || !about(late, want.late) {
				t.Errorf("requests of %s: %d answered, %d failed, %d late; want about %.0f, 0, %.0f", d, answered, failed, late, want.answered, want.late)
			}
		})
	}
}

func TestArrivalsWithoutAPlaceFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// 20 places for a second each: 20 of a thousand requests get one.
		answered, failed, late := play(t, 20, lasting(time.Second))
		if !about(failed, 9800) || answered < 150 || answered > 200 || late != answered+failed {
			t.Errorf("%d answered, %d failed, %d late; want 150 to 200, about 9800, and all of them", answered, failed, late)
		}
	})
}

func TestFailedArrivalsAreLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answered, failed, late := play(t, 1, func(context.Context) error { return errors.New("503") })
		if answered != 0 || !about(failed, 10000) || late != failed {
			t.Errorf("%d answered, %d failed, %d late; want 0, about 10000, and as many", answered, failed, late)
		}
	})
}

func TestArrivalsFollowTheirRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := Arrivals{
			Rate:   func(since time.Duration) float64 { return 100 + 100*since.Seconds() },
			Target: time.Second, InFlight: 100, Limit: 10 * time.Second,
		}.start(t.Context(), lasting(0))
		_ = sleep(t.Context(), time.Second)
		synctest.Wait()
		first, _ := load.Counts()
		load.clients.Wait()
		if all, _ := load.Counts(); first < 120 || first > 180 || !about(all, 6000) {
			t.Errorf("%d requests in the first second and %d in all, want about 150 and 6000", first, all)
		}
	})
}

func TestArrivalsReachTheService(t *testing.T) {
	g, err := Start(t.Context(), Options{Service: echoService})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	load := Arrivals{
		URL: g.URL() + "/", Rate: func(time.Duration) float64 { return 50 },
		Target: time.Minute, Patience: time.Minute, InFlight: 10, Limit: 300 * time.Millisecond,
	}.Start(t.Context())
	load.clients.Wait()
	if answered, failed := load.Counts(); answered == 0 || failed != 0 || load.Late() != 0 {
		t.Errorf("answered %d, failed %d, late %d; want some and none", answered, failed, load.Late())
	}
}
