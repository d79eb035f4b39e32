// Package certs provides the certificate that the webhook server presents to the API
// server, and publishes the authority that the API server trusts (caBundle).
//
// One half is pure: [Authority], [Pair], [Check], [Spec],
// the encoding of a Secret, and [Inspect]. Time is always a parameter. The other
// half, [Setup] and [Source], reads and writes the cluster, in one of the modes:
// self-signed certificates, cert-manager, or files. Certificates are served from
// memory, whatever happens to their origin.
//
// For self-signed certificates the Secret is the source of truth. Everything happens
// in one order, which makes replacing the authority safe: first the Secret, then
// caBundle, and only then is a leaf served. A leaf of a new authority is written to
// the Secret after the authority has been in caBundle for the grace period.
package certs
