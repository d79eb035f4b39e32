// Package certs keeps the certificate that the webhook server presents to the
// API server, and the trust in it that the API server needs (caBundle).
//
// The pure half turns values into values: [Authority], [Pair], [Check], [Spec]
// and the encoding of a Secret. Time is always a parameter. The other half,
// [Setup] and [Source], reads and writes the cluster: the Secret is the source
// of truth, the pair that is served lives in memory.
//
// One order holds throughout, and a rotation of the authority rests on it:
// first the Secret, then caBundle, and only then is a new leaf served.
package certs
