package main

import (
	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/tree"
)

// defaultDirectory is what --check looks at without -d.
const defaultDirectory = "deploy"

type generateOptions struct {
	spec        specOptions
	environment single
	directory   single
	output      choice
	check       bool
	force       bool
}

func newGenerate(a *app) *cobra.Command {
	o := generateOptions{spec: newSpecOptions(), output: newChoice("yaml", "json")}
	o.output.hint = "-o is a format; -d DIR writes files"
	cmd := &cobra.Command{
		Use:   "generate [SPEC...]",
		Short: "Print or write the manifests of a spec",
		Long: `Generate makes Kubernetes manifests of a spec.

Without -d it prints them on standard output, in the order in which they can be
applied: those of the base, or with -e those of one environment.

With -d it writes files: a Kustomize base, and for each environment an overlay
that says only what is different there. What "kustomize build overlays/prod"
makes of the files is what -e prod prints. Files that an earlier run wrote and
that are no longer wanted are removed. A file that somebody else wrote, or
edited since, stops the run before anything is written, unless there is --force.

With --check nothing is written: what generating into the directory of -d, or
else into deploy, would change is printed as a diff, and the exit code is 1 if
there is anything.

SPEC is a CUE, YAML or JSON file, several files of one CUE package, a folder
that holds one, or - for standard input. The default is the current folder.

A spec with mistakes generates nothing. Warnings are printed on standard error
and do no harm, unless there is --strict.`,
		Example: `  patternctl generate shop
  patternctl generate shop -e prod | kubectl apply -f -
  patternctl generate shop -d deploy
  patternctl generate shop -d deploy --check`,
		ValidArgsFunction: completeSpec,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(cmd.Flags().Changed); err != nil {
				return err
			}
			if o.check && o.directory.value == "" {
				o.directory.value = defaultDirectory
			}
			return a.reporting(o.spec, a.stderr, func(r *report) error {
				spec, err := r.open(args)
				switch {
				case err != nil:
					return err
				case o.directory.value != "":
					return o.writeFiles(a, r, spec)
				default:
					return o.writeStream(a, r, spec)
				}
			})
		},
	}
	f := cmd.Flags()
	f.VarP(&o.environment, "environment", "e", "print the manifests of the environment `ENV` instead of the base")
	f.VarP(&o.directory, "directory", "d", "write the base and the overlays as files into `DIR`")
	choiceFlag(cmd, &o.output, "output", "o", "the format of printed manifests")
	f.BoolVar(&o.check, "check", false, "write nothing, and print what would change in the directory of -d, or else in deploy")
	f.BoolVar(&o.force, "force", false, "with -d: replace files that somebody else wrote or edited")
	o.spec.addFlags(cmd)
	must(cmd.MarkFlagDirname("directory"))
	must(cmd.RegisterFlagCompletionFunc("environment", completeEnvironment))
	return cmd
}

// validate refuses flags that would have no effect, or not the one that was
// hoped for. given tells whether a flag was given.
func (o generateOptions) validate(given func(flag string) bool) error {
	switch {
	case given("environment") && o.check:
		return failure{"-e and --check exclude each other", "--check compares the files of all environments"}
	case given("environment") && given("directory"):
		return failure{"-e and -d exclude each other", "-d writes an overlay for every environment; -e prints one"}
	case given("environment") && o.environment.value == "":
		return failure{"-e needs the name of an environment, but it is empty", "without -e the base is printed"}
	case given("directory") && o.directory.value == "":
		return failure{"-d needs a directory, but it is empty", "-d . writes into the current one"}
	case given("directory") && given("output"):
		return failure{"-o is for printed manifests, and -d writes files, which are always YAML", "leave one of them out"}
	case o.force && o.directory.value == "":
		return failure{"--force is about files, and without -d none are written", "add -d DIR, or leave --force out"}
	case o.check && o.force:
		return failure{"--check writes nothing, so there is nothing to force", "leave one of them out"}
	}
	return nil
}

func (o generateOptions) writeStream(a *app, r *report, spec *generator.Spec) error {
	groups, list := spec.Render(o.environment.value)
	if err := r.found(list); err != nil {
		return err
	}
	var objects []manifest.Map
	for _, group := range groups {
		objects = append(objects, group.Objects...)
	}
	if o.output.value == "json" {
		return manifest.WriteJSON(a.stdout, objects)
	}
	return manifest.WriteYAML(a.stdout, objects)
}

func (o generateOptions) writeFiles(a *app, r *report, spec *generator.Spec) error {
	rendering, list := spec.RenderAll()
	if err := r.found(list); err != nil {
		return err
	}
	files, err := rendering.Tree()
	if err != nil {
		return r.found(err)
	}
	plan, err := tree.Compare(o.directory.value, files)
	if err != nil {
		return r.found(err)
	}
	if !o.check {
		return r.found(plan.Apply(o.force))
	}
	if plan.Clean() {
		return nil
	}
	r.list = append(r.list, plan.Check()...)
	if _, err := a.stdout.Write(plan.Diff()); err != nil {
		return err
	}
	return reported(exitFound)
}
