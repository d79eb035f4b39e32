package get

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// The formats.
const (
	outputTable = ""
	outputWide  = "wide"
	outputJSON  = "json"
	outputYAML  = "yaml"
	outputName  = "name"
)

// apiVersion is the version of the output of -o json and yaml; no API server serves it.
const apiVersion = "cli.kong.latency/v1"

// document is all rows as JSON or YAML.
type document struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []Row  `json:"items"`
}

// printer prints rows in one format.
type printer struct {
	output string
	table  printers.ResourcePrinter
	now    func() time.Time
}

func newPrinter(o *Options) (*printer, error) {
	switch o.Output {
	case outputTable, outputWide, outputJSON, outputYAML, outputName:
	default:
		return nil, fmt.Errorf("--output is %q: must be wide, json, yaml or name", o.Output)
	}
	return &printer{
		output: o.Output,
		now:    time.Now,
		table: printers.NewTablePrinter(printers.PrintOptions{
			Wide: o.Output == outputWide, NoHeaders: o.NoHeaders, WithNamespace: o.AllNamespaces,
		}),
	}, nil
}

// print prints all rows together.
func (p *printer) print(w io.Writer, rows []Row) error {
	switch p.output {
	case outputJSON, outputYAML:
		return p.encode(w, document{APIVersion: apiVersion, Kind: "WorkloadList", Items: append([]Row{}, rows...)})
	case outputName:
		return p.names(w, rows)
	default:
		return p.table.PrintObj(p.tableOf(rows), w)
	}
}

// each prints rows one by one, as a stream.
func (p *printer) each(w io.Writer, rows []Row) error {
	if p.output != outputJSON && p.output != outputYAML {
		return p.print(w, rows)
	}
	for _, r := range rows {
		if p.output == outputYAML {
			if _, err := io.WriteString(w, "---\n"); err != nil {
				return err
			}
		}
		if err := p.encode(w, r); err != nil {
			return err
		}
	}
	return nil
}

func (p *printer) encode(w io.Writer, value any) error {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err == nil && p.output == outputYAML {
		raw, err = yaml.JSONToYAML(raw)
	} else {
		raw = append(raw, '\n')
	}
	if err != nil {
		return fmt.Errorf("encode workloads: %w", err)
	}
	_, err = w.Write(raw)
	return err
}

func (p *printer) names(w io.Writer, rows []Row) error {
	for _, r := range rows {
		if _, err := fmt.Fprintln(w, live.Ref{Kind: annotations.OnDeployment, Name: r.Name}); err != nil {
			return err
		}
	}
	return nil
}

var columns = []metav1.TableColumnDefinition{
	{Name: "Workload", Type: "string", Format: "name"},
	{Name: "Service", Type: "string"},
	{Name: "Target", Type: "string"},
	{Name: "Now", Type: "string"},
	{Name: "Replicas", Type: "integer"},
	{Name: "Min-Max", Type: "string"},
	{Name: "Pipeline", Type: "string"},
	{Name: "Age", Type: "string"},
	{Name: "Source", Type: "string"},
	{Name: "HPA", Type: "string", Priority: 1},
	{Name: "Policy", Type: "string", Priority: 1},
	{Name: "Paused", Type: "string", Priority: 1},
	{Name: "Metric", Type: "string", Priority: 1},
	{Name: "Reason", Type: "string", Priority: 1},
	{Name: "Reported-By", Type: "string", Priority: 1},
}

func (p *printer) tableOf(rows []Row) *metav1.Table {
	t := &metav1.Table{ColumnDefinitions: append([]metav1.TableColumnDefinition{}, columns...)}
	for _, r := range rows {
		t.Rows = append(t.Rows, metav1.TableRow{
			Cells: r.cells(p.now()),
			// The printer reads the namespace from it.
			Object: runtime.RawExtension{Object: &metav1.PartialObjectMetadata{
				ObjectMeta: metav1.ObjectMeta{Namespace: r.Namespace, Name: r.Name},
			}},
		})
	}
	return t
}

func (r Row) cells(now time.Time) []any {
	bounds, age := "-", "-"
	if r.MaxReplicas > 0 {
		bounds = fmt.Sprintf("%d-%d", r.MinReplicas, r.MaxReplicas)
	}
	if r.Since != nil {
		age = duration.HumanDuration(now.Sub(r.Since.Time))
	}
	return []any{
		r.Name, dash(r.Service), targetText(r.TargetMS), milliseconds(r.NowMS), r.Replicas, bounds, r.Pipeline.String(), age, r.source(),
		dash(r.HPA), dash(r.Policy), dash(r.Paused), dash(r.Metric), dash(r.Pipeline.Reason), r.Pipeline.origin(now),
	}
}

// origin is who reported the state, and for how long it has been so; a dash if it is by what
// was read.
func (p Pipeline) origin(now time.Time) string {
	if p.ReportedBy == "" || p.Since == nil {
		return dash(p.ReportedBy)
	}
	return fmt.Sprintf("%s, for %s", p.ReportedBy, duration.HumanDuration(now.Sub(p.Since.Time)))
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
