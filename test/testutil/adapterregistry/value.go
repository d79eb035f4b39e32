package adapterregistry

import (
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Value is a sample's value as the adapter reports it: NaN is 0, anything else
// is cut to whole milli-units towards zero. Values that 64 bits of milli-units
// cannot hold, infinities among them, become the smallest integer, as the
// adapter's conversion gives on amd64.
func Value(v float64) resource.Quantity {
	if math.IsNaN(v) {
		return *resource.NewQuantity(0, resource.DecimalSI)
	}
	milli := v * 1000
	if milli >= math.MaxInt64 || milli <= math.MinInt64 {
		return *resource.NewMilliQuantity(math.MinInt64, resource.DecimalSI)
	}
	return *resource.NewMilliQuantity(int64(milli), resource.DecimalSI)
}
