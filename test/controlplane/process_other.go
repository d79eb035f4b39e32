//go:build unix && !linux

package controlplane

import "syscall"

// dieWithParent does nothing here: only Linux ties a process to its parent.
// Elsewhere a parent that is killed leaves its processes running.
func dieWithParent(*syscall.SysProcAttr) {}
