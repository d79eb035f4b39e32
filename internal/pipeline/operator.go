package pipeline

// Operators divides the OperatorServices. Anybody who may create a Service can give it the
// labels by which Kong Operator's is recognized. So if Kong Operator runs behind one of them,
// those behind which none runs are lookAlikes, and only the others count. Where that is not
// known of a Service, it counts, and where it is known of none, all do.
func (s *Snapshot) Operators() (count, lookAlikes []OperatorService) {
	proven := false
	for _, o := range s.OperatorServices.Items {
		proven = proven || len(o.Behind.Items) > 0
	}
	if !proven {
		return s.OperatorServices.Items, nil
	}
	for _, o := range s.OperatorServices.Items {
		if o.Behind.State == Known && len(o.Behind.Items) == 0 {
			lookAlikes = append(lookAlikes, o)
		} else {
			count = append(count, o)
		}
	}
	return count, lookAlikes
}
