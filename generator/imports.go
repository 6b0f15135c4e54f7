package generator

import (
	"io/fs"
	"path"
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
}

// load returns nil for what it doesn't know, which leaves CUE's own packages to
// CUE.
func (i importer) load(_ token.Pos, importPath string) *build.Instance {
	folder, ok := i.folder(importPath)
	if !ok {
		return nil
	}
	instance := i.packages.NewInstance(folder, i.load)
	instance.ImportPath = importPath
	names, _ := fs.Glob(i.root, path.Join(folder, "*.cue"))
	for _, name := range names {
		text, err := fs.ReadFile(i.root, name)
		if err == nil && len(text) <= MaxSpecSize {
			catalogue.AddFile(instance, name, text)
		}
	}
	if len(instance.Files) > 0 {
		instance.PkgName = instance.Files[0].PackageName()
	}
	// Complete records its error in the instance, and building reports it.
	_ = instance.Complete()
	return instance
}

// folder returns the folder of a package of the spec's own module.
func (i importer) folder(importPath string) (string, bool) {
	if i.root == nil {
		return "", false
	}
	importPath, _, _ = strings.Cut(importPath, ":")
	module, ok := i.module()
	if !ok {
		return "", false
	}
	folder, ok := strings.CutPrefix(importPath, module+"/")
	if !ok || !fs.ValidPath(folder) {
		return "", false
	}
	info, err := fs.Stat(i.root, folder)
	return folder, err == nil && info.IsDir()
}

// module returns the module path in cue.mod/module.cue, without its version.
func (i importer) module() (string, bool) {
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

// check reports imports that can't be resolved.
func (i importer) check(file *ast.File) diagnostic.List {
	var list diagnostic.List
	for spec := range file.ImportSpecs() {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(importPath, "/")
		if first == "tool" {
			list = append(list, diagnostic.Diagnostic{
				Code:     importCode,
				Position: position(spec.Path.Pos()),
				Message:  "cannot import " + quote(importPath) + ": a spec runs nothing",
				Hint:     "packages below tool are for `cue cmd`",
			})
		}
		if !strings.Contains(first, ".") || i.packages.Has(importPath) {
			continue
		}
		if _, ok := i.folder(importPath); ok {
			continue
		}
		list = append(list, diagnostic.Diagnostic{
			Code:     importCode,
			Position: position(spec.Path.Pos()),
			Message:  "cannot import " + quote(importPath) + ": a spec is evaluated without network",
			Hint:     "put the package in a folder below the spec, with a cue.mod beside the spec that names its module",
		})
	}
	return list
}
