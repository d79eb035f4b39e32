# The release. Its version is VERSION, which programs, manifests and chart carry.

# Platforms that the programs are built for.
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

RELEASE_TOOLS := $(BIN)/helm $(BIN)/cyclonedx-gomod $(KUBECTL)

.PHONY: release
release: $(RELEASE_TOOLS) ## Build what is published into dist: programs, SBOMs, manifests, chart, checksums
	@hack/release.sh '$(VERSION)' dist '$(LDFLAGS)' \
		'$(abspath $(KUBECTL))' '$(abspath $(BIN)/helm)' '$(abspath $(BIN)/cyclonedx-gomod)' $(PLATFORMS)

.PHONY: check-release
check-release: $(RELEASE_TOOLS) ## Build the release twice, the second time in a clone, and compare
	@hack/check-release.sh '$(VERSION)' '$(LDFLAGS)' '$(KUBECTL)' '$(BIN)/helm' '$(BIN)/cyclonedx-gomod' $(PLATFORMS)
