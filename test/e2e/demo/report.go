package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// plainEvery is how often the live line is printed where it cannot be rewritten.
const plainEvery = 5 * time.Second

// report prints everything that the demo prints. On a terminal the live line is
// rewritten in place and there is colour, unless NO_COLOR is set.
type report struct {
	out    io.Writer
	fd     int
	live   bool // rewrite the live line
	colour bool
	begin  time.Time

	mu        sync.Mutex
	shown     bool // a live line is on the screen
	lastPlain time.Time
	rows      []row
}

// row is one line of the summary.
type row struct {
	what string
	took time.Duration
	note string
}

func newReport(file *os.File) *report {
	r := &report{out: file, fd: int(file.Fd()), begin: time.Now()}
	if term.IsTerminal(r.fd) && os.Getenv("TERM") != "dumb" {
		r.live = true
		r.colour = os.Getenv("NO_COLOR") == ""
	}
	return r
}

const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

func (r *report) paint(code, text string) string {
	if !r.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// print writes a line, above the live line if there is one.
func (r *report) print(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shown {
		fmt.Fprint(r.out, "\r\x1b[K")
		r.shown = false
	}
	fmt.Fprintln(r.out, text)
}

func (r *report) title(text string) { r.print(r.paint(bold, text)) }
func (r *report) note(text string)  { r.print(strings.TrimRight("  "+text, " ")) }
func (r *report) blank()            { r.print("") }

// clock returns the time since the start.
func (r *report) clock() string {
	since := time.Since(r.begin)
	return r.paint(dim, fmt.Sprintf("%02d:%02d", int(since.Minutes()), int(since.Seconds())%60))
}

// step runs do and reports its duration; do describes the result in a few words.
func (r *report) step(what string, do func() (string, error)) error {
	begin := time.Now()
	r.status(what + " …")
	note, err := do()
	if err != nil {
		return err
	}
	r.done(what, time.Since(begin), note)
	return nil
}

// done reports a step that is over.
func (r *report) done(what string, took time.Duration, note string) {
	r.mu.Lock()
	r.rows = append(r.rows, row{what, took, note})
	r.mu.Unlock()
	line := fmt.Sprintf("%s  %s %-34s %7s", r.clock(), r.paint(green, "✓"), what, seconds(took))
	if note != "" {
		line += "   " + r.paint(dim, note)
	}
	r.print(line)
}

// event reports something that happened in the cluster.
func (r *report) event(reason, message string) {
	r.print(fmt.Sprintf("%s    %s  %s", r.clock(), r.paint(bold, reason), message))
}

// command shows a command as typed, and what it printed.
func (r *report) command(line, output string) {
	r.print("\n  " + r.paint(bold, "$ "+line))
	for l := range strings.Lines(strings.TrimRight(output, "\n")) {
		r.print("  " + strings.TrimRight(l, "\n"))
	}
	r.blank()
}

// status shows what is going on: rewritten in place on a terminal, nothing
// elsewhere.
func (r *report) status(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.live {
		return
	}
	if width, _, err := term.GetSize(r.fd); err == nil {
		text = cut(text, width-len("00:00    ")-1)
	}
	fmt.Fprint(r.out, "\r\x1b[K"+r.clock()+"    "+text)
	r.shown = true
}

// cut shortens a line that would wrap: a wrapped line cannot be rewritten.
func cut(text string, width int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), max(width, 0))])
}

// now shows the live line; where it cannot be rewritten, every few seconds.
func (r *report) now(text string) {
	if r.live {
		r.status(text)
		return
	}
	if time.Since(r.lastPlain) >= plainEvery {
		r.lastPlain = time.Now()
		r.print(r.clock() + "    " + text)
	}
}

// summary prints a table of all steps.
func (r *report) summary(result string) {
	r.blank()
	r.title("Summary")
	for _, row := range r.rows {
		r.print(strings.TrimRight(fmt.Sprintf("  %-36s %7s   %s", row.what, seconds(row.took), row.note), " "))
	}
	r.print(fmt.Sprintf("  %-36s %7s", "in all", seconds(time.Since(r.begin))))
	r.blank()
	r.print(r.paint(green, result))
}

// failure prints why the demo ends early.
func (r *report) failure(err error) {
	r.blank()
	r.print(r.paint(red, "✗ ") + err.Error())
	var with *stack.LoggedError
	if errors.As(err, &with) {
		r.print("  " + with.Hint())
	}
}

// seconds formats a duration for people.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
