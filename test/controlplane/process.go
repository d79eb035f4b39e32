package controlplane

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopGrace is the time to react to SIGTERM.
	stopGrace = 10 * time.Second
	// killGrace is the time for the kernel to end a killed process.
	killGrace = 5 * time.Second
	// tailBytes is how much of a log an error quotes.
	tailBytes = 2 << 10
)

// Process is one child process.
type Process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
	// started is when it was started.
	started time.Time

	mu      sync.Mutex
	exit    error // of cmd.Wait; valid once done is closed
	stopped bool  // Stop was called
	killed  bool  // SIGTERM did not suffice
	handled bool  // the caller stopped it and has seen the error
}

// startProcess starts cmd in a separate process group, so that Ctrl-C in a terminal
// reaches only the parent, which then stops its children in order.
func startProcess(f *forker, name, log string, cmd *exec.Cmd) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", name, err)
	}
	defer out.Close() // the child has its own descriptor
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = out
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
	started := time.Now()
	if err := f.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &Process{name: name, log: log, cmd: cmd, done: make(chan struct{}), started: started}
	go p.wait()
	return p, nil
}

func (p *Process) wait() {
	err := p.cmd.Wait()
	p.mu.Lock()
	p.exit = err
	p.mu.Unlock()
	close(p.done)
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID returns the process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Started returns when the process was started.
func (p *Process) Started() time.Time { return p.started }

// Err returns nil while the process runs, and after it ended well or because
// of Stop. Otherwise it names the process, how it ended, and quotes the tail
// of its log.
func (p *Process) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.killed:
		return fmt.Errorf("stop %s: it ignored SIGTERM for %s and was killed%s", p.name, stopGrace, tail(p.log))
	case p.stopped || p.exit == nil:
		return nil
	}
	return fmt.Errorf("run %s: %w%s", p.name, p.exit, tail(p.log))
}

// Stop ends the process: SIGTERM, and SIGKILL if that does not help within
// ten seconds. The error is that of Err. It may be called more than once.
func (p *Process) Stop() error {
	err := p.stop()
	p.mu.Lock()
	p.handled = true
	p.mu.Unlock()
	return err
}

// stopForOwner is Stop for the control plane; it does not repeat an error that a
// caller of Stop has received.
func (p *Process) stopForOwner() error {
	p.mu.Lock()
	handled := p.handled
	p.mu.Unlock()
	err := p.stop()
	if handled {
		return nil
	}
	return err
}

func (p *Process) stop() error {
	if p.ended(0) {
		return p.Err()
	}
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.signal(syscall.SIGTERM)
	if p.ended(stopGrace) {
		// Children of the process that outlived it are in its group.
		p.signal(syscall.SIGKILL)
		return p.Err()
	}
	p.mu.Lock()
	p.killed = true
	p.mu.Unlock()
	p.signal(syscall.SIGKILL)
	if !p.ended(killGrace) {
		return fmt.Errorf("stop %s: process %d is still there %s after SIGKILL", p.name, p.cmd.Process.Pid, killGrace)
	}
	return p.Err()
}

// signal signals the whole group. It is not an error if the group is gone.
func (p *Process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

func (p *Process) ended(within time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(within):
	}
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// tail quotes the end of a log file for an error text.
func tail(path string) string {
	text, err := readTail(path)
	if err != nil {
		return fmt.Sprintf(" (its log cannot be read: %v)", err)
	}
	if text = strings.TrimSpace(text); text == "" {
		return " (its log is empty)"
	}
	return "; its log ends with:\n\t" + strings.ReplaceAll(text, "\n", "\n\t")
}

// readTail returns the last whole lines of a file, tailBytes at most.
func readTail(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	from := max(size-tailBytes, 0)
	text, err := io.ReadAll(io.NewSectionReader(f, from, size-from))
	if err != nil {
		return "", err
	}
	_, whole, found := strings.Cut(string(text), "\n")
	if from > 0 && found {
		return whole, nil
	}
	return string(text), nil
}

// forker starts processes from one thread that lives until close. The kernel
// sends the signal of dieWithParent when the thread that forked ends, not the
// process, and Go ends threads as it likes unless a goroutine is locked to one.
type forker struct {
	jobs chan func()
	once sync.Once
}

func newForker() *forker {
	f := &forker{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for job := range f.jobs {
			job()
		}
	}()
	return f
}

func (f *forker) start(cmd *exec.Cmd) error {
	if cmd.Process != nil {
		return errors.New("the command was started already")
	}
	result := make(chan error, 1)
	f.jobs <- func() { result <- cmd.Start() }
	return <-result
}

func (f *forker) close() { f.once.Do(func() { close(f.jobs) }) }
