package catalogue

import (
	"path"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// Packages is a library built in one CUE context. It is for one goroutine at a
// time, except that any number may ask for templates, and for kinds once the
// system's shape is known.
type Packages struct {
	Context *cue.Context
	library *Library
	build   *build.Context
	schemas cue.Value
	system  *Shape

	templating sync.Mutex
	// templates holds those that were asked for, and definitions those of what
	// templates give back.
	templates   map[templateKey]cue.Value
	definitions map[string]cue.Value
}

type templateKey struct {
	kind        string
	withNumbers bool
}

// numbersFile is the file of a template that only explaining needs.
const numbersFile = "numbers.cue"

// NewPackages prepares library for use in a context of its own.
// Nothing is built before it is asked for.
func NewPackages(library *Library) *Packages {
	p := &Packages{
		Context:     cuecontext.New(),
		library:     library,
		templates:   map[templateKey]cue.Value{},
		definitions: map[string]cue.Value{},
	}
	p.build = build.NewContext(build.Loader(p.load))
	return p
}

// Schemas returns package schemas.
func (p *Packages) Schemas() (cue.Value, error) {
	if !p.schemas.Exists() {
		p.schemas = p.Context.BuildInstance(p.instance("schemas", whole))
	}
	return p.schemas, p.schemas.Err()
}

// Template returns the template package of kind, without its numbers: what they
// take to evaluate is of no use to who renders.
func (p *Packages) Template(kind string) (cue.Value, error) {
	return p.template(templateKey{kind, false})
}

// TemplateWithNumbers returns the template package of kind with its file
// numbers.cue, if it has one.
func (p *Packages) TemplateWithNumbers(kind string) (cue.Value, error) {
	return p.template(templateKey{kind, true})
}

func (p *Packages) template(key templateKey) (cue.Value, error) {
	p.templating.Lock()
	defer p.templating.Unlock()
	value, ok := p.templates[key]
	if !ok {
		value = p.Context.BuildInstance(p.instance("templates/"+key.kind, func(s source) bool {
			return key.withNumbers || path.Base(s.name) != numbersFile
		}))
		p.templates[key] = value
	}
	return value, value.Err()
}

// TemplatePos is where the template package of kind begins.
func (p *Packages) TemplatePos(kind string) token.Pos {
	for _, file := range p.instance("templates/"+kind, whole).Files {
		return file.Pos()
	}
	return token.NoPos
}

// Check returns #Check, which each check of a template is unified with.
func (p *Packages) Check() (cue.Value, error) { return p.shared("Check") }

// Number returns #Number, which each number of a template is unified with.
func (p *Packages) Number() (cue.Value, error) { return p.shared("Number") }

// shared returns a definition of what templates give back.
func (p *Packages) shared(name string) (cue.Value, error) {
	templates, err := p.Template(shared)
	if err != nil {
		return cue.Value{}, err
	}
	p.templating.Lock()
	defer p.templating.Unlock()
	definition, ok := p.definitions[name]
	if !ok {
		definition = templates.LookupPath(cue.MakePath(cue.Def(name)))
		p.definitions[name] = definition
	}
	return definition, definition.Err()
}

// NewInstance returns an empty CUE package that may import CUE's own packages
// and the library's, and nothing else: an evaluation can't leave the library.
func (p *Packages) NewInstance(dir string, also build.LoadFunc) *build.Instance {
	return p.build.NewInstance(dir, func(pos token.Pos, importPath string) *build.Instance {
		if instance := p.load(pos, importPath); instance != nil || also == nil {
			return instance
		}
		return also(pos, importPath)
	})
}

// AddFile parses a file and makes it part of instance, which also takes the
// error if there is one.
func AddFile(instance *build.Instance, name string, text []byte) {
	file, err := parser.ParseFile(name, text, parser.ParseComments)
	if err != nil {
		instance.ReportError(errors.Promote(err, ""))
		return
	}
	if err := instance.AddSyntax(file); err != nil {
		instance.ReportError(err)
	}
}

// Has reports whether importPath is a package of the library.
func (p *Packages) Has(importPath string) bool {
	_, ok := p.folder(importPath)
	return ok
}

func (p *Packages) load(_ token.Pos, importPath string) *build.Instance {
	folder, ok := p.folder(importPath)
	if !ok {
		return nil
	}
	return p.instance(folder, whole)
}

func (p *Packages) folder(importPath string) (string, bool) {
	folder, ok := strings.CutPrefix(importPath, Module+"/")
	folder, _, _ = strings.Cut(folder, ":")
	return folder, ok && len(p.library.packages[folder]) > 0
}

// instance makes a package of the files in a folder that belong to it.
func (p *Packages) instance(folder string, belongs func(source) bool) *build.Instance {
	instance := p.build.NewInstance(folder, nil)
	instance.ImportPath = Module + "/" + folder
	for _, s := range p.library.packages[folder] {
		if belongs(s) {
			AddFile(instance, s.file, s.text)
		}
	}
	if len(instance.Files) > 0 {
		instance.PkgName = instance.Files[0].PackageName()
	}
	// Complete records its error in the instance, and building reports it.
	_ = instance.Complete()
	return instance
}

func whole(source) bool { return true }
