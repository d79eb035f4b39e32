package render

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/version"
)

// What follows is SARIF 2.1.0 as far as it is needed, by the names of
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string      `json:"id"`
	ShortDescription     sarifText   `json:"shortDescription"`
	HelpURI              string      `json:"helpUri"`
	Help                 sarifText   `json:"help"`
	DefaultConfiguration sarifConfig `json:"defaultConfiguration"`
}

type sarifConfig struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	PhysicalLocation sarifPhysical  `json:"physicalLocation"`
	LogicalLocations []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	ArtifactLocation struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region sarifRegion `json:"region"`
}

type sarifRegion struct {
	StartLine int       `json:"startLine"`
	Snippet   sarifText `json:"snippet"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	home        = "https://github.com/kong-latency/kong-latency"
)

// SARIF is a log for tools of code scanning. Its rules are the reasons of the results.
func SARIF(results []Located) (string, error) {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "kubectl-latency", Version: version.String(), InformationURI: home, Rules: rulesOf(results)}
	for _, r := range results {
		location := sarifLocation{
			PhysicalLocation: sarifPhysical{Region: sarifRegion{StartLine: r.Line, Snippet: sarifText{r.Text}}},
			LogicalLocations: []sarifLogical{{r.Object.String(), "object"}},
		}
		location.PhysicalLocation.ArtifactLocation.URI = uriOf(r.File)
		run.Results = append(run.Results, sarifResult{
			RuleID:    r.Reason.Name,
			RuleIndex: slices.IndexFunc(run.Tool.Driver.Rules, func(rule sarifRule) bool { return rule.ID == r.Reason.Name }),
			Level:     levelOf(r.Severity),
			Message:   sarifText{about(r.Finding) + "\nFix: " + fixOf(r.Finding)},
			Locations: []sarifLocation{location},
		})
	}
	return encoded(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func rulesOf(results []Located) []sarifRule {
	out := []sarifRule{}
	for _, r := range results {
		reason := r.Reason
		if slices.ContainsFunc(out, func(rule sarifRule) bool { return rule.ID == reason.Name }) {
			continue
		}
		out = append(out, sarifRule{
			ID:                   reason.Name,
			ShortDescription:     sarifText{reason.Summary},
			HelpURI:              home + "/blob/main/docs/findings.md#" + strings.ToLower(reason.Name),
			Help:                 sarifText{reason.Fix},
			DefaultConfiguration: sarifConfig{levelOf(reason.Severity)},
		})
	}
	slices.SortFunc(out, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func levelOf(s finding.Severity) string {
	if s == finding.Error {
		return "error"
	}
	return "warning"
}

// uriOf is a file as a URI, relative if the file is.
func uriOf(file string) string {
	if strings.Contains(file, "://") {
		return file
	}
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
