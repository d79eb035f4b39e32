package controlplane

import "syscall"

// dieWithParent makes the kernel kill the process when its parent is gone, even if the
// parent could not do it (SIGKILL, a crash, a test timeout).
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
