// Package adapter is the rule language of prometheus-adapter as pure code:
// a configuration document and a list of time series in, the metrics that the
// adapter would serve and the PromQL that it would send out.
//
// The behaviour is that of prometheus-adapter 0.12. Parsing and evaluation are
// apart: [Parse] compiles every regular expression, template and selector
// once; nothing after it compiles them again. A [Config] is immutable and safe
// for concurrent use.
package adapterconfig
