package controlplane_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// parentEnv makes the test binary act as a parent that gets killed.
const parentEnv = "KONG_LATENCY_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentEnv) != "" {
		os.Exit(parent())
	}
	os.Exit(m.Run())
}

// parent starts a control plane, prints its folder and waits for the end of
// its standard input, which never comes.
func parent() int {
	cp, err := controlplane.Start(context.Background(), controlplane.Options{Bare: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(cp.Dir())
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}
