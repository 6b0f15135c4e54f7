package diagnostic

import (
	"bytes"
	"encoding/json"
)

// The field names below are interface: scripts rely on them.
type (
	jsonReport struct {
		Diagnostics []jsonDiagnostic `json:"diagnostics"`
	}
	jsonDiagnostic struct {
		Code     string       `json:"code,omitempty"`
		Severity string       `json:"severity"`
		Position jsonPosition `json:"position,omitzero"`
		Path     string       `json:"path,omitempty"`
		Message  string       `json:"message"`
		Hint     string       `json:"hint,omitempty"`
		Notes    []jsonNote   `json:"notes,omitempty"`
	}
	jsonPosition struct {
		File   string `json:"file"`
		Line   int    `json:"line,omitempty"`
		Column int    `json:"column,omitempty"`
	}
	jsonNote struct {
		Position jsonPosition `json:"position,omitzero"`
		Message  string       `json:"message"`
	}
)

// viewJSON prints the diagnostics with columns in bytes, as they are.
func viewJSON(list List, _ Options) ([]byte, error) {
	report := jsonReport{Diagnostics: []jsonDiagnostic{}}
	for _, d := range list {
		item := jsonDiagnostic{
			Code:     d.Code,
			Severity: d.Severity.String(),
			Position: jsonPosition(d.Position),
			Path:     d.Path,
			Message:  d.Message,
			Hint:     d.Hint,
		}
		for _, n := range d.Notes {
			item.Notes = append(item.Notes, jsonNote{jsonPosition(n.Position), n.Message})
		}
		report.Diagnostics = append(report.Diagnostics, item)
	}
	return indentJSON(report)
}

// indentJSON prints v for people and machines alike, "<" as "<".
func indentJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
