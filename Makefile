# `make help` lists the targets. They need Go, make, git and a POSIX shell; every other
# program is built from Go modules (tools/README.md).

BIN := bin

# Version that the program reports.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Name of the container image.
IMAGE ?= kong-latency:$(VERSION)
# How long each fuzz target runs.
FUZZTIME ?= 30s
# Set to 1 to run the tests with the race detector (needs a C compiler).
RACE ?=
# Kubernetes minor version of the control plane for test-integration, the newest if
# empty. Another one needs a module tools/kubernetes-<minor>.
K8S ?=
# Flags added to every `go test`.
TESTFLAGS ?=

VERSION_VARIABLE := github.com/kong-latency/kong-latency/internal/version.version
LDFLAGS := -s -w -X $(VERSION_VARIABLE)=$(VERSION)
GO_BUILD := go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'

ifeq ($(RACE),1)
export CGO_ENABLED := 1
GO_TEST := go test -race $(TESTFLAGS)
else
export CGO_ENABLED := 0
GO_TEST := go test $(TESTFLAGS)
endif

# An older control plane: three programs from bin/k8s-<minor> instead of bin.
ifneq ($(K8S),)
OLDER := $(patsubst tools/kubernetes-%/go.mod,%,$(wildcard tools/kubernetes-*/go.mod))
ifeq ($(filter $(K8S),$(OLDER)),)
$(error K8S is $(K8S): must be one of $(OLDER), or empty for the newest)
endif
export KONG_LATENCY_KUBERNETES := $(abspath $(BIN)/k8s-$(K8S))
OLDER_PROGRAMS := $(addprefix $(BIN)/k8s-$(K8S)/,kube-apiserver kube-controller-manager kube-scheduler)
endif

# The parts of a control plane. KUBEBUILDER_ASSETS, if set, provides the rest.
CONTROLPLANE := kube-controller-manager kube-scheduler kwok kwok-stages.yaml crds/.built
ifeq ($(KUBEBUILDER_ASSETS),)
CONTROLPLANE := etcd kube-apiserver kubectl $(CONTROLPLANE)
KUBECTL := $(BIN)/kubectl
else
KUBECTL := $(KUBEBUILDER_ASSETS)/kubectl
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

.PHONY: help
help: ## List the targets
	@echo 'usage: make <target> [VARIABLE=value]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' Makefile hack/release.mk

include tools/tools.mk hack/release.mk

.PHONY: build
build: ## Build bin/kong-latency and bin/kubectl-latency
	@echo 'building $(BIN)/kong-latency and $(BIN)/kubectl-latency $(VERSION)'
	@$(GO_BUILD) -o $(BIN)/kong-latency ./cmd/kong-latency
	@$(GO_BUILD) -o $(BIN)/kubectl-latency ./cmd/kubectl-latency
	@cp krew/kubectl_complete-latency $(BIN)/kubectl_complete-latency

.PHONY: image
image: ## Build the container image IMAGE with docker or podman
	@engine=$$(command -v docker || command -v podman) || { \
		echo 'make image needs docker or podman, but found neither' >&2; exit 1; }; \
	"$$engine" build --build-arg VERSION='$(VERSION)' --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null)" --tag '$(IMAGE)' .

.PHONY: controlplane
controlplane: $(addprefix $(BIN)/,$(CONTROLPLANE)) ## Build the programs of the local control plane

.PHONY: clean
clean: ## Remove everything that make builds
	rm -rf $(BIN) dist

# Both programs read workloads through internal/cluster, so both roles include its
# markers. Add new generators here: verify runs this target in a copy of the tree and
# compares.
.PHONY: generate
generate: $(BIN)/controller-gen ## Generate the names of hops, deep copies, CRD, RBAC, the chart's part of config and the reference pages
	go run ./hack/hops api/v1alpha1/zz_generated.hops.go
	$(BIN)/controller-gen object crd paths=./api/... output:crd:dir=config/crd
	$(BIN)/controller-gen rbac:roleName=kong-latency-webhook,fileName=webhook_role.yaml \
		paths=./webhook/... paths=./certs/... paths=./internal/cluster/... output:rbac:dir=config/rbac
	$(BIN)/controller-gen rbac:roleName=kong-latency-controller,fileName=controller_role.yaml \
		paths=./controller/... paths=./internal/cluster/... output:rbac:dir=config/rbac
	go run ./hack/docs docs
	go run ./hack/chart config charts/kong-latency/templates/derived

.PHONY: verify
verify: $(BIN)/controller-gen $(KUBECTL) $(BIN)/promtool ## Check format, vet, go.mod, generated files, manifests and alerts; changes nothing
	@hack/verify.sh '$(MAKE)' '$(KUBECTL)' '$(BIN)/controller-gen' '$(BIN)/promtool'

.PHONY: lint
lint: $(BIN)/golangci-lint ## Check the words of the glossary, and run golangci-lint, which also holds who may import whom
	@hack/words.sh
	$(BIN)/golangci-lint run ./...

.PHONY: test
test: test-unit test-integration ## Run all tests

.PHONY: test-unit
test-unit: ## Run the tests that need no control plane
	@$(GO_TEST) $$(go list ./... | grep -v '/kong-latency/test/')

# One package after the other: each starts a control plane.
.PHONY: test-integration
test-integration: controlplane $(BIN)/prometheus $(BIN)/promtool $(BIN)/prometheus-operator $(BIN)/kube-state-metrics $(OLDER_PROGRAMS) $(BIN)/helm $(BIN)/kubeconform build ## Run the tests on a real API server; K8S=1.30 for an older one
	@$(GO_TEST) -count=1 -p 1 -timeout 20m ./test/...

.PHONY: test-faults
test-faults: controlplane build ## Run the tests of faults that take minutes, beside those that are part of test
	@$(GO_TEST) -count=1 -timeout 60m ./test/faults -args -long

.PHONY: test-alerts
test-alerts: $(BIN)/promtool ## Check the alerts and run their tests; part of verify
	@hack/test-alerts.sh '$(BIN)/promtool'

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s)
	@hack/fuzz.sh '$(FUZZTIME)'

.PHONY: bench
bench: controlplane build ## Measure speed and scale and write docs/performance.md; ROW=name measures one row only
	@echo 'building $(BIN)/bench'
	@$(GO_BUILD) -o $(BIN)/bench ./test/bench
	@exec $(BIN)/bench $(if $(ROW),-row='$(ROW)',-page=docs/performance.md)

.PHONY: control
control: controlplane build ## Measure the quality of control and write docs/control.md; ROW=name and MINUTES=n measure less
	@echo 'building $(BIN)/control'
	@$(GO_BUILD) -o $(BIN)/control ./test/control
	@exec $(BIN)/control $(if $(ROW)$(MINUTES),$(if $(ROW),-row='$(ROW)') $(if $(MINUTES),-minutes='$(MINUTES)'),-page=docs/control.md)

.PHONY: demo
demo: controlplane $(BIN)/prometheus $(BIN)/prometheus-operator build ## Run the demo: SCENARIO=seed or load; KEEP=1 leaves it running
	@echo 'building $(BIN)/demo'
	@$(GO_BUILD) -o $(BIN)/demo ./test/e2e/demo
	@KEEP='$(KEEP)' SCENARIO='$(SCENARIO)' exec $(BIN)/demo

.PHONY: docs-session
docs-session: controlplane $(BIN)/prometheus $(BIN)/prometheus-operator build ## Record the session of docs/cli.md in the demo's cluster
	@go run ./test/e2e/session docs/cli.md

.PHONY: screenshots
screenshots: controlplane $(BIN)/prometheus $(BIN)/prometheus-operator $(BIN)/kube-state-metrics build ## Draw the dashboard's rows in docs/observability, from its queries in a cluster with load
	@go run ./test/e2e/dashboard docs/observability
