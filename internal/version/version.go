// Package version reports the release that a program was built from.
package version

import "runtime/debug"

// version is set by the linker in releases.
var version string

// String is the release, or else what Go knows of the build.
func String() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
