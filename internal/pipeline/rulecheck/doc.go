// Package rulecheck decides, without a cluster, whether a prometheus-adapter
// configuration serves a metric of a Service. [Explain] is its entry; [Memory] finds the
// verdict once for all Services that are scraped alike.
//
// It finds the rule that answers the request as the adapter does, makes that
// rule's PromQL, and has package sim evaluate it over synthetic traffic. What is its own is
// the explanation: which selector finds nothing, which labels two sides lack in common, which
// rule was meant. What it cannot decide is Unknown, never No.
package rulecheck
