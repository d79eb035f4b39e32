package learn

import "time"

// judge records what a sample says about the curve.
func (s *State) judge(c Config, x Sample, m measurement) {
	t := s.target(c)
	over := m.latency > t && x.Latency > t
	removed := s.trial != nil && x.Measured < s.trial.replicas
	switch {
	case removed && x.Latency > (1+2*s.Scatter)*t && m.level:
		s.fail(x.Time, x.Load/float64(x.Measured))
		s.Curve.Met = min(max(s.Curve.Met, s.trial.load), s.Curve.Failed*0.98)
		s.trial, s.tried, s.outcome = nil, x.Time, TrialFailed
	case s.overloaded(c, x):
		s.remember()
		if limit := s.Curve.Limit(); limit > 0 && x.Load/float64(x.Ready) > known*limit && x.Load > fast*s.past[0].Load {
			s.Margin = min(maxMargin, s.Margin*late) // the limit was right, and pods came too late
		}
		s.fail(x.Time, x.Load/float64(x.Ready))
		s.Curve.Met = min(s.Curve.Met, s.Curve.Failed*0.95)
		s.outcome = Overloaded
	case !m.settled || over && m.falling:
		s.bore(c, x, m)
	case over:
		s.exceeded(c, x, m)
	case s.Best > 0 && m.latency < c.Target:
		s.recover()
	default:
		s.met(c, x, m)
	}
}

func (s *State) exceeded(c Config, x Sample, m measurement) {
	s.outcome = Exceeded
	s.remember()
	added := s.trial != nil && float64(x.Replicas) >= grown*float64(s.trial.replicas)
	if !c.Continue && (added && m.level && m.latency > helps*s.trial.latency || s.slower(m)) {
		s.outcome = NoEffect
		s.Best, s.Margin, s.trial = m.latency, 1, nil
		s.Curve = Curve{Unloaded: m.latency, Met: m.perPod}
		s.latency = guard * s.target(c)
		return
	}
	s.fail(x.Time, m.perPod)
	s.Curve.Met = min(s.Curve.Met, m.perPod*0.95)
}

// slower reports whether requests need longer without waiting: pods have no more of them in
// flight, by Little's law, than they had when the target was met.
func (s *State) slower(m measurement) bool {
	return s.Normal != nil && m.flat && m.perPod*m.latency <= s.Normal.Met*s.Normal.Unloaded
}

// overloaded reports whether a queue has just begun to grow, by a load that grew so slowly
// that its mean is about what the pods had.
func (s *State) overloaded(c Config, x Sample) bool {
	n := len(s.past)
	if !s.gated || s.wasGated || n < 3 || s.past[0].Latency > s.target(c) || s.past[n-2].Latency > guard*s.target(c) || x.Load > suddenly*s.past[n-2].Load {
		return false
	}
	return x.Ready > 0 && s.past[n-2].Ready >= x.Ready && s.past[n-3].Ready >= s.past[n-2].Ready
}

// remember keeps the curve from before it is known what makes the workload slow.
func (s *State) remember() {
	if s.Best == 0 && s.trial == nil && s.Normal == nil {
		normal := s.Curve
		s.Normal = &normal
	}
}

func (s *State) recover() {
	s.outcome = Recovered
	if s.Normal != nil {
		s.Curve = *s.Normal
	}
	s.Normal, s.Best, s.Margin, s.latency, s.trial = nil, 0, 1, 0, nil
}

func (s *State) met(c Config, x Sample, m measurement) {
	s.outcome = Met
	if s.trial != nil && x.Replicas != s.trial.replicas {
		s.trial = nil // otherwise it has not begun yet
	}
	if s.Best == 0 {
		s.Normal = nil
	}
	k := &s.Curve
	switch {
	case !m.flat:
	case k.Unloaded == 0:
		k.Unloaded = m.latency
	case m.latency < k.Unloaded:
		k.Unloaded += 0.3 * (m.latency - k.Unloaded)
	case m.perPod < 0.5*k.Limit():
		k.Unloaded += 0.05 * (m.latency - k.Unloaded)
	}
	s.bear(m.perPod)
	if m.flat {
		k.fit(x, m, s.target(c), s.Scatter)
	}
}

// bore notes the load of pods whose number changes, if none of it waited. A load that moves
// fast has no quiet minute.
func (s *State) bore(c Config, x Sample, m measurement) {
	if !m.flat || m.latency > s.target(c) || x.Latency > s.target(c) || s.Best > 0 {
		return
	}
	most := x.Ready
	for _, p := range s.past {
		if x.Time.Sub(p.Time) <= c.Window+recent/2 {
			most = max(most, p.Ready)
		}
	}
	if most > 0 {
		s.bear(x.Load / float64(most))
	}
}

// bear notes a load per pod at which the target was met.
func (s *State) bear(perPod float64) {
	k := &s.Curve
	k.Met = max(k.Met, perPod)
	if k.Met >= k.Failed {
		k.Failed = 0 // it was not the load
	}
}

func (s *State) fail(at time.Time, perPod float64) {
	if s.Curve.Failed == 0 || perPod < s.Curve.Failed {
		s.Curve.Failed = perPod
	}
	s.FailedAt, s.Failures = at, s.Failures+1
}
