package app

import "runtime/debug"

// version is set by the linker in releases.
var version string

// Version is the release, or else what Go knows of the build.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
