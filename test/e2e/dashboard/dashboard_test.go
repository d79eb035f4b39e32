package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

// empty are the queries that rightly have no data in this cluster.
var empty = map[string]string{
	"panel Kinds that cannot be read, query B": "nothing in this cluster is too large, or too much, to be read",
}

// of are the queries that are about another workload than echo, which has no findings.
var of = map[string]string{
	"panel Findings of the workload, query A": "orders",
}

// Every query of every panel, variable and annotation has data.
func TestEveryQueryHasData(t *testing.T) {
	g := newG(t)
	d := shipped(t)
	queries, err := d.Queries()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	seen := map[string]bool{}
	for _, q := range queries {
		g.Expect(seen[q.Where]).To(gomega.BeFalse(), "%s exists more than once", q.Where)
		seen[q.Where] = true
		deployment := "echo"
		if other, ok := of[q.Where]; ok && strings.Contains(q.Expr, "$deployment") {
			deployment = other
		}
		t.Run(q.Where, func(t *testing.T) {
			g := newG(t)
			has := func() error {
				v, err := newView(t.Context(), d, cluster.PrometheusURL(), since(cluster.begin, 5*time.Second), chosen(deployment))
				if err != nil {
					return err
				}
				return v.has(t.Context(), q)
			}
			if why, ok := empty[q.Where]; ok {
				g.Expect(has()).To(gomega.MatchError(gomega.ContainSubstring("has no data")), why)
				return
			}
			g.Eventually(has).Should(gomega.Succeed())
		})
	}
	for where := range empty {
		g.Expect(seen[where]).To(gomega.BeTrue(), "there is no %s", where)
	}
	for where := range of {
		g.Expect(seen[where]).To(gomega.BeTrue(), "there is no %s", where)
	}
}

// The tables of the fleet name the workloads that have a problem, and the tiles count them.
func TestFleetNamesWhoHasAProblem(t *testing.T) {
	g := newG(t)
	panels := map[string]dashboard.Panel{}
	for _, p := range shipped(t).Rows()[0].Panels {
		panels[p.Type+" "+p.Title] = p
	}
	rows := func(panel string, labels ...string) func(gomega.Gomega) []string {
		return func(g gomega.Gomega) []string {
			v, err := newView(t.Context(), shipped(t), cluster.PrometheusURL(), since(cluster.begin, 5*time.Second), chosen("echo"))
			g.Expect(err).NotTo(gomega.HaveOccurred())
			found, err := v.table(t.Context(), panels["table "+panel])
			g.Expect(err).NotTo(gomega.HaveOccurred())
			var out []string
			for _, row := range found.rows {
				var cells []string
				for i, c := range found.columns {
					if slices.Contains(labels, c) {
						cells = append(cells, row[i].text)
					}
				}
				out = append(out, strings.Join(cells, " "))
			}
			return out
		}
	}
	g.Eventually(rows("Workloads over target", "namespace", "deployment", "service", "target")).Should(gomega.ContainElement("default checkout checkout 60 ms"))
	g.Eventually(rows("Workloads at maximum", "deployment", "replicas")).Should(gomega.ContainElement("checkout 4"))
	g.Eventually(rows("Blocked, broken or not active", "deployment", "problem")).Should(gomega.ConsistOf(
		"orders metric pipeline broken", "orders autoscaler not active", "reports blocked"))
	g.Eventually(rows("Findings by workload", "deployment", "severity", "reason")).Should(gomega.ContainElements(
		"orders Error AdapterRuleNameDiffers", "reports Error NoServiceSelectsPods"))
	for title, want := range map[string]float64{"Enabled workloads": 4, "Blocked": 1, "Pipeline broken": 1} {
		g.Eventually(func(g gomega.Gomega) float64 {
			v, err := newView(t.Context(), shipped(t), cluster.PrometheusURL(), since(cluster.begin, 5*time.Second), nil)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			found, err := v.instant(t.Context(), panels["stat "+title].Targets[0].Expr)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			g.Expect(found).To(gomega.HaveLen(1))
			return float64(found[0].Value)
		}).Should(gomega.Equal(want), title)
	}
}

func newG(t *testing.T) *gomega.WithT {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(2 * time.Minute)
	g.SetDefaultEventuallyPollingInterval(time.Second)
	return g
}

func shipped(t *testing.T) *dashboard.Dashboard {
	t.Helper()
	d, err := dashboard.Read(filepath.Join(controlplane.RepoRoot(), shippedFile))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
