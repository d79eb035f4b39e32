package controlplane

import "syscall"

// dieWithParent has the kernel kill the process when its parent is gone, also
// when the parent had no chance to do it (SIGKILL, a crash, a test's timeout).
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
