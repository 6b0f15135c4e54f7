package catalogue

import (
	"fmt"

	"cuelang.org/go/cue"
)

// A Code explains one kind of mistake.
type Code struct {
	// Title is the mistake as a headline, Why says why it matters, Fix what to
	// do about it, and Source where the rule comes from, if anywhere.
	Title  string `json:"title"`
	Why    string `json:"why"`
	Fix    string `json:"fix"`
	Source string `json:"source"`
}

// Codes returns the library's explanations, by code.
func (p *Packages) Codes() (map[string]Code, error) {
	schemas, err := p.Schemas()
	if err != nil {
		return nil, err
	}
	codes := map[string]Code{}
	if err := schemas.LookupPath(cue.MakePath(cue.Str("codes"))).Decode(&codes); err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	return codes, nil
}

// Explains reports whether the library's schemas explain code.
func (p *Packages) Explains(code string) bool {
	p.templating.Lock()
	defer p.templating.Unlock()
	schemas, err := p.Schemas()
	return err == nil && schemas.LookupPath(cue.MakePath(cue.Str("codes"), cue.Str(code))).Exists()
}
