package diagnostic

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// The parts of SARIF 2.1.0 that the view uses, under the standard's names.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID   string        `json:"id"`
		Help *sarifMessage `json:"help,omitempty"`
	}
	sarifResult struct {
		RuleID           string          `json:"ruleId,omitempty"`
		Level            string          `json:"level"`
		Message          sarifMessage    `json:"message"`
		Locations        []sarifLocation `json:"locations,omitempty"`
		RelatedLocations []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifMessage  `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
)

func viewSARIF(list List, opts Options) ([]byte, error) {
	src := newSources(opts)
	results := []sarifResult{}
	for _, d := range list {
		text := d.Message
		if d.Hint != "" {
			text += "\nhint: " + d.Hint
		}
		result := sarifResult{RuleID: d.Code, Level: d.Severity.String(), Message: sarifMessage{text}}
		at := sarifLocation{Physical: sarifPlace(d.Position, src)}
		if d.Path != "" {
			at.Logical = []sarifLogical{{d.Path}}
		}
		if at.Physical != nil || at.Logical != nil {
			result.Locations = []sarifLocation{at}
		}
		for _, n := range d.Notes {
			result.RelatedLocations = append(result.RelatedLocations,
				sarifLocation{Physical: sarifPlace(n.Position, src), Message: &sarifMessage{n.Message}})
		}
		results = append(results, result)
	}
	return indentJSON(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool: sarifTool{sarifDriver{
				Name:           "patternctl",
				Version:        opts.Version,
				InformationURI: "https://github.com/patternctl/patternctl",
				Rules:          sarifRules(list, opts),
			}},
			ColumnKind: "unicodeCodePoints",
			Results:    results,
		}},
	})
}

// sarifRules describes each code in list once.
func sarifRules(list List, opts Options) []sarifRule {
	codes := make([]string, 0, len(list))
	for _, d := range list {
		if d.Code != "" {
			codes = append(codes, d.Code)
		}
	}
	slices.Sort(codes)
	rules := []sarifRule{}
	for _, code := range slices.Compact(codes) {
		rule := sarifRule{ID: code}
		if opts.Explain != nil {
			if text, ok := opts.Explain(code); ok {
				rule.Help = &sarifMessage{text}
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

func sarifPlace(p Position, src *sources) *sarifPhysical {
	if p.File == "" {
		return nil
	}
	place := &sarifPhysical{Artifact: sarifArtifact{fileURI(p.File)}}
	if p.Line > 0 {
		place.Region = &sarifRegion{StartLine: p.Line, StartColumn: max(src.character(p), 0)}
	}
	return place
}

// fileURI returns the relative reference for a relative file name, and a file
// URI for an absolute one.
func fileURI(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
		u.Path = "/" + strings.TrimLeft(u.Path, "/")
	}
	return u.String()
}
