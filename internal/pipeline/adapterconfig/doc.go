// Package adapterconfig holds the configuration of prometheus-adapter 0.12 as
// pure code: what the adapter refuses when it starts, which metrics its rules
// make of a list of time series, and the PromQL that it sends for a request.
//
// Parsing and evaluation are apart: [Parse] compiles every regular expression,
// template and selector once. A [Config] is immutable and safe for concurrent
// use. Whether a rule serves a metric is decided by package rulecheck.
package adapterconfig
