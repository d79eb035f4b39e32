// Package rulecheck decides, without a cluster, whether a prometheus-adapter
// configuration serves a metric of a Service. [Explain] is its entry.
//
// It finds the rule that answers the request as the adapter does, makes that
// rule's PromQL, and follows the labels of the Service's series through it.
// What it cannot decide is Unknown, never No.
package rulecheck
