package sim

// Histogram is the latency of one Service as a source exposes it: a classic histogram,
// in milliseconds.
type Histogram struct {
	// Name is the name without _bucket, _sum and _count.
	Name string
	// Labels are the labels of every series whose values are known beforehand.
	Labels map[string]string
	// Identity names those of Labels that identify the Service however it is scraped.
	Identity []string
	// Prefix is what the names of labels begin with that identify an object.
	Prefix string
	// Replica is a label that differs between the replicas that measure the Service.
	Replica string
}
