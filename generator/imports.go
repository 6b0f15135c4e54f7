package generator

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

// importCode is that of an import which can't be resolved.
const importCode = "PC1009"

// An importer finds the packages that a spec imports: CUE's own, the
// catalogue's, and those in folders below the spec's own, if a cue.mod beside
// the spec names its module. There are no others: nothing is fetched.
type importer struct {
	root     fs.FS
	packages *catalogue.Packages
	// folderName is what the user calls root.
	folderName string
	// loaded are the packages of the spec's own module, by import path; nil are
	// those that wait for what they import.
	loaded map[string]*build.Instance
	// problems are what is wrong with imports, and with the text of packages.
	problems diagnostic.List
}

func newImporter(sources Sources, packages *catalogue.Packages) *importer {
	i := &importer{root: sources.Root, packages: packages, loaded: map[string]*build.Instance{}}
	if file, ok := sources.first(); ok {
		i.folderName = filepath.ToSlash(filepath.Dir(file.Name))
	}
	return i
}

// load returns nil for what it doesn't know, which leaves CUE's own packages to
// CUE.
func (i *importer) load(pos token.Pos, importPath string) *build.Instance {
	folder, name, ok := i.folder(importPath)
	if !ok {
		return nil
	}
	if instance, known := i.loaded[importPath]; known {
		if instance == nil {
			i.report(position(pos), "cannot import "+quote(importPath)+": the packages import each other", "move what both need into a package of its own")
		}
		return instance
	}
	i.loaded[importPath] = nil
	before := len(i.problems)
	instance := i.packages.NewInstance(folder, i.load)
	instance.ImportPath = importPath
	instance.PkgName = name
	for _, file := range i.parse(folder, name) {
		i.check(file)
		if err := instance.AddSyntax(file); err != nil {
			instance.ReportError(err)
		}
	}
	if len(instance.Files) == 0 && len(i.problems) == before {
		i.report(position(pos), fmt.Sprintf("cannot import %q: the folder %s has no CUE files of package %s", importPath, folder, name), "")
	}
	// Complete records its error in the instance, and building reports it.
	_ = instance.Complete()
	i.loaded[importPath] = instance
	return instance
}

// parse returns the files of a package in a folder.
func (i *importer) parse(folder, name string) []*ast.File {
	var files []*ast.File
	names, _ := fs.Glob(i.root, path.Join(folder, "*.cue"))
	for _, file := range names {
		text, err := fs.ReadFile(i.root, file)
		if err != nil {
			i.problems = append(i.problems, cannotRead(path.Join(i.folderName, file), err)...)
			continue
		}
		source := Source{path.Join(i.folderName, file), text}
		if list := (Sources{Files: []Source{source}}).check(); len(list) > 0 {
			i.problems = append(i.problems, list...)
			continue
		}
		syntax, err := parseSource(source)
		if err != nil {
			i.problems = append(i.problems, syntaxErrors(source, err)...)
			continue
		}
		if syntax.PackageName() == name {
			files = append(files, syntax)
		}
	}
	return files
}

// folder returns the folder and the name of a package of the spec's own module.
func (i *importer) folder(importPath string) (folder, name string, ok bool) {
	if i.root == nil {
		return "", "", false
	}
	importPath, name, named := strings.Cut(importPath, ":")
	if !named {
		name = path.Base(importPath)
	}
	module, ok := i.module()
	if !ok {
		return "", "", false
	}
	folder, ok = strings.CutPrefix(importPath, module+"/")
	if !ok || !fs.ValidPath(folder) {
		return "", "", false
	}
	info, err := fs.Stat(i.root, folder)
	return folder, name, err == nil && info.IsDir()
}

// module returns the module path in cue.mod/module.cue, without its version.
func (i *importer) module() (string, bool) {
	text, err := fs.ReadFile(i.root, "cue.mod/module.cue")
	if err != nil {
		return "", false
	}
	file, err := parser.ParseFile("cue.mod/module.cue", text)
	if err != nil {
		return "", false
	}
	for _, field := range fieldsCalled(file.Decls, "module") {
		if lit, ok := field.Value.(*ast.BasicLit); ok {
			module, err := strconv.Unquote(lit.Value)
			module, _, _ = strings.Cut(module, "@")
			return module, err == nil && module != ""
		}
	}
	return "", false
}

// check reports imports of a file that can't be resolved.
func (i *importer) check(file *ast.File) {
	for spec := range file.ImportSpecs() {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(importPath, "/")
		if first == "tool" {
			i.report(position(spec.Path.Pos()), "cannot import "+quote(importPath)+": a spec runs nothing", "packages below tool are for `cue cmd`")
		}
		if !strings.Contains(first, ".") || i.packages.Has(importPath) {
			continue
		}
		if _, _, ok := i.folder(importPath); !ok {
			i.report(position(spec.Path.Pos()), "cannot import "+quote(importPath)+": a spec is evaluated without network",
				"put the package in a folder below the spec, with a cue.mod beside the spec that names its module")
		}
	}
}

func (i *importer) report(pos diagnostic.Position, message, hint string) {
	i.problems = append(i.problems, diagnostic.Diagnostic{Code: importCode, Position: pos, Message: message, Hint: hint})
}
