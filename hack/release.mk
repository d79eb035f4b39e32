# The release. VERSION is the version of programs, manifests and chart.

# Platforms that the programs are built for.
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

RELEASE_TOOLS := $(BIN)/helm $(BIN)/cyclonedx-gomod $(KUBECTL)

.PHONY: release
release: $(RELEASE_TOOLS) ## Build a release into dist: programs, SBOMs, manifests, chart, checksums
	@hack/release.sh '$(VERSION)' dist '$(LDFLAGS)' \
		'$(abspath $(KUBECTL))' '$(abspath $(BIN)/helm)' '$(abspath $(BIN)/cyclonedx-gomod)' $(PLATFORMS)

.PHONY: check-release
check-release: $(RELEASE_TOOLS) ## Check that the release is reproducible, by a second build in a clone
	@hack/check-release.sh '$(VERSION)' '$(LDFLAGS)' '$(KUBECTL)' '$(BIN)/helm' '$(BIN)/cyclonedx-gomod' $(PLATFORMS)
