package measure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// CPU returns the time that the threads of a process have spent on a processor, in
// the scheduler's nanosecond resolution. It is available on Linux only:
// https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
func CPU(pid int) (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("measure the processor time of process %d: no schedstat in /proc", pid)
	}
	var sum time.Duration
	for _, file := range threads {
		raw, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue // the thread has ended in the meantime
		}
		if err != nil {
			return 0, fmt.Errorf("measure the processor time of process %d: %w", pid, err)
		}
		first, _, _ := strings.Cut(string(raw), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("measure the processor time of process %d: %w", pid, err)
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

// Resident returns the resident memory of a process in bytes, now and at its peak.
func Resident(pid int) (now, peak float64, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("measure the memory of process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		kib, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return 0, 0, fmt.Errorf("measure the memory of process %d: %w", pid, err)
		}
		switch fields[0] {
		case "VmRSS:":
			now = kib * 1024
		case "VmHWM:":
			peak = kib * 1024
		}
	}
	if now == 0 {
		return 0, 0, fmt.Errorf("measure the memory of process %d: it has ended", pid)
	}
	return now, peak, nil
}

// Machine describes the machine in a few words.
func Machine() string {
	model := "unknown processor"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range bytes.Lines(raw) {
			if key, value, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s/%s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
