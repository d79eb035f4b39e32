// Package route judges whether traffic reaches the Service in a way that can be told apart.
package route

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the hop route.
var Hop = &finding.Hop{
	Name: "route", Title: "Route", DenyByDefault: false,
	Summary: "Requests reach the Service in a way in which its latency can be told from that of others.",
}
