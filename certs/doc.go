// Package certs has the certificate that the webhook server presents to the API
// server, and sees to the trust in it that the API server needs (caBundle).
//
// The pure half turns values into values: [Authority], [Pair], [Check], [Spec],
// the encoding of a Secret, and [Inspect]. Time is always a parameter. The other
// half, [Setup] and [Source], reads and writes the cluster, in one of the modes:
// certificates of our own making, of cert-manager, or in files. What is served
// lives in memory, whatever becomes of its origin.
//
// For certificates of our own making the Secret is the source of truth, and one
// order holds throughout, on which a change of the authority rests: first the
// Secret, then caBundle, and only then is a leaf served. A leaf of a new
// authority comes into the Secret when that has been in caBundle for the grace.
package certs
