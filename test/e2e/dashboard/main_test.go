package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// cluster is shared by the tests.
var cluster *fleet

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var err error
	if cluster, err = startFleet(ctx); err == nil {
		if _, err = cluster.busy(ctx); err == nil {
			code = m.Run()
		}
		err = errors.Join(err, cluster.stop())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run the cluster:", err)
		var logged *stack.LoggedError
		if errors.As(err, &logged) {
			fmt.Fprintln(os.Stderr, logged.Hint())
		}
		return 1
	}
	return code
}
