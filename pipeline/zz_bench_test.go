package pipeline
import ("testing";"fmt")
func BenchmarkScrapeMany(b *testing.B) {
	s := goodSnapshot()
	for i := range 500 { m := theMonitor(s).DeepCopy(); m.Name=fmt.Sprintf("m%d",i); m.Namespace="other"; m.Spec.Selector.MatchLabels=map[string]string{"app":fmt.Sprint(i)}; s.ServiceMonitors.Items=append(s.ServiceMonitors.Items,m)}
	for b.Loop() { evaluateScrape(s, goodSubject) }
}
func BenchmarkScrapeOne(b *testing.B) {
	s := goodSnapshot()
	for b.Loop() { evaluateScrape(s, goodSubject) }
}
