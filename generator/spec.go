package generator

import (
	"bytes"
	"cmp"
	stdjson "encoding/json"
	stderrors "errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/encoding/json"
	"cuelang.org/go/encoding/yaml"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

// A Spec is a user's description of a system: parsed, not yet evaluated. It is
// safe for concurrent use.
type Spec struct {
	sources      Sources
	options      Options
	environments []string
	// parsed are the trees that Parse made, until somebody takes them.
	parsed atomic.Pointer[[]*ast.File]
}

// Parse reads the syntax of sources. Its error is a diagnostic.List.
func Parse(sources Sources, options Options) (*Spec, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(sources.Files) == 0 {
		return nil, problem("PC1001", "", "there is no file to read a spec from", "name a file, a folder that holds one, or - for standard input")
	}
	// The order in which files are named must not show in the result.
	sources.Files = slices.SortedFunc(slices.Values(sources.Files), func(a, b Source) int { return cmp.Compare(a.Name, b.Name) })
	s := &Spec{sources: sources, options: options}
	if list := sources.check(); len(list) > 0 {
		return nil, list
	}
	files, list := s.parse()
	list = append(list, samePackage(files)...)
	list = append(list, onlyFields(files)...)
	if len(list) > 0 {
		return nil, list.Sorted()
	}
	s.environments, list = environmentNames(files)
	if len(list) > 0 {
		return nil, list.Sorted()
	}
	s.parsed.Store(&files)
	return s, nil
}

// Environments returns the names of the spec's environments, as written.
func (s *Spec) Environments() []string { return slices.Clone(s.environments) }

// Library returns the catalogue that the spec is read with.
func (s *Spec) Library() *catalogue.Library { return s.options.Library }

// trees returns trees that are the caller's to edit and to build, which write
// into them: the first caller gets those that Parse made.
func (s *Spec) trees() ([]*ast.File, diagnostic.List) {
	if files := s.parsed.Swap(nil); files != nil {
		return *files, nil
	}
	return s.parse()
}

func (s *Spec) parse() ([]*ast.File, diagnostic.List) {
	var files []*ast.File
	var list diagnostic.List
	for _, source := range s.sources.Files {
		file, err := parseSource(source)
		if err != nil {
			list = append(list, syntaxErrors(source, err)...)
			continue
		}
		files = append(files, file)
	}
	return files, list
}

func parseSource(source Source) (*ast.File, error) {
	switch {
	case source.isYAML():
		if err := checkYAML(source); err != nil {
			return nil, err
		}
		return yaml.Extract(source.Name, source.Text)
	case source.isJSON():
		source.Text = bytes.TrimPrefix(source.Text, []byte("\ufeff"))
		if err := checkJSON(source); err != nil {
			return nil, err
		}
		expr, err := json.Extract(source.Name, source.Text)
		if err != nil {
			return nil, err
		}
		object, ok := expr.(*ast.StructLit)
		if !ok {
			return nil, errors.Newf(expr.Pos(), "a spec is an object")
		}
		return &ast.File{Filename: source.Name, Decls: object.Elts}, nil
	default:
		if err := checkNesting(source); err != nil {
			return nil, err
		}
		return parser.ParseFile(source.Name, source.Text, parser.ParseComments, parser.AllErrors)
	}
}

// checkJSON finds the place of a syntax error, which CUE's reader of JSON
// doesn't tell.
func checkJSON(source Source) error {
	var value any
	err := stdjson.Unmarshal(source.Text, &value)
	var syntax *stdjson.SyntaxError
	if !stderrors.As(err, &syntax) {
		return nil
	}
	before := source.Text[:min(int(syntax.Offset), len(source.Text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	return diagnostic.List{{
		Code:     "PC1006",
		Position: diagnostic.Position{File: source.Name, Line: line, Column: max(1, len(before)-1-bytes.LastIndexByte(before, '\n'))},
		Message:  syntax.Error(),
	}}
}

func syntaxErrors(source Source, err error) diagnostic.List {
	if list, ok := err.(diagnostic.List); ok {
		return list
	}
	var list diagnostic.List
	for _, e := range errors.Errors(err) {
		d := diagnostic.Diagnostic{
			Code:     "PC1006",
			Position: diagnostic.Position{File: source.Name},
			Message:  strings.TrimSuffix(cmp.Or(messageOf(e), e.Error()), "."),
		}
		if pos := e.Position(); pos.IsValid() {
			d.Position = position(pos)
		}
		if strings.HasPrefix(strings.TrimSpace(lineAt(source.Text, d.Position.Line)), "import ") && !strings.Contains(d.Message, "import path") {
			d.Hint = "imports come before the fields"
		}
		list = append(list, d)
	}
	return list
}

func lineAt(text []byte, number int) string {
	lines := strings.Split(string(text), "\n")
	if number < 1 || number > len(lines) {
		return ""
	}
	return lines[number-1]
}

// samePackage reports files that do not belong together.
func samePackage(files []*ast.File) diagnostic.List {
	var list diagnostic.List
	for _, file := range files[min(1, len(files)):] {
		first, name := files[0], file.PackageName()
		if first.PackageName() == name {
			continue
		}
		list = append(list, diagnostic.Diagnostic{
			Code:     "PC1007",
			Position: packagePosition(file),
			Message:  fmt.Sprintf("%s, but %s is %s", describePackage(name), filepath.Base(first.Filename), describePackage(first.PackageName())),
			Hint:     "a spec is one package: name the files of one, or move the others to a folder of their own",
		})
	}
	return list
}

// onlyFields reports values at the top of files, where fields belong.
func onlyFields(files []*ast.File) diagnostic.List {
	var list diagnostic.List
	for _, file := range files {
		for _, decl := range file.Decls {
			if embed, ok := decl.(*ast.EmbedDecl); ok && isScalar(embed.Expr) {
				list = append(list, diagnostic.Diagnostic{
					Code:     "PC1006",
					Position: position(embed.Pos()),
					Message:  "a spec is made of fields, and this is a value",
				})
			}
		}
	}
	return list
}

func describePackage(name string) string {
	if name == "" {
		return "without a package"
	}
	return "package " + name
}

func packagePosition(file *ast.File) diagnostic.Position {
	for _, decl := range file.Decls {
		if p, ok := decl.(*ast.Package); ok {
			return position(p.Pos())
		}
	}
	return diagnostic.Position{File: file.Filename, Line: 1, Column: 1}
}
