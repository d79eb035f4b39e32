# The build runs on the builder's own platform and compiles for the target's: no
# emulation for images of other architectures.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src

# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/gocache \
    GOCACHE=/gocache CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/kong-latency/kong-latency/internal/version.version=$VERSION" \
    -o /out/kong-latency ./cmd/kong-latency

# From scratch: one static program is all there is to attack, and to update. It
# talks to the API server alone and trusts it by the service account's ca.crt, so
# no public certificates are needed; it keeps times in UTC, so no time zones; and
# it writes no files.
FROM scratch
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="kong-latency" \
      org.opencontainers.image.description="Latency-based autoscaling from one annotation, for workloads behind Kong Gateway" \
      org.opencontainers.image.source="https://github.com/kong-latency/kong-latency" \
      org.opencontainers.image.documentation="https://github.com/kong-latency/kong-latency/tree/main/docs" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/kong-latency /kong-latency
# A number, because runAsNonRoot cannot judge names, and there is no /etc/passwd.
USER 65532:65532
ENTRYPOINT ["/kong-latency"]
