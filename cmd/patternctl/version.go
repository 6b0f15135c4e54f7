package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator/catalogue"
)

// versions are what a bug report has to say.
type versions struct {
	Patternctl string     `json:"patternctl"`
	Go         string     `json:"go"`
	CUE        string     `json:"cue"`
	Kubernetes kubernetes `json:"kubernetes"`
}

// kubernetes is the range of minor versions that a spec can ask for.
type kubernetes struct {
	Oldest string `json:"oldest"`
	Newest string `json:"newest"`
}

func newVersion(a *app) *cobra.Command {
	output := newChoice("text", "json")
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Print the versions of patternctl and of what it knows",
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			library, err := catalogue.Open()
			if err == nil {
				v.Kubernetes, err = supported(catalogue.NewPackages(library))
			}
			if err != nil {
				return err
			}
			if output.value == "json" {
				return writeJSON(a.stdout, v)
			}
			_, err = fmt.Fprintf(a.stdout, "patternctl %s\nGo %s\nCUE %s\nKubernetes %s to %s\n",
				v.Patternctl, v.Go, v.CUE, v.Kubernetes.Oldest, v.Kubernetes.Newest)
			return err
		},
	}
	choiceFlag(cmd, &output, "output", "o", "the format")
	return cmd
}

// readVersion returns the versions that the program was built of.
func readVersion() versions {
	v := versions{Patternctl: "unknown", Go: runtime.Version(), CUE: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Patternctl = info.Main.Version
	}
	for _, module := range info.Deps {
		if module.Path == "cuelang.org/go" {
			v.CUE = module.Version
		}
	}
	return v
}

// supported tries which minor versions the schema of cluster.version takes.
func supported(packages *catalogue.Packages) (kubernetes, error) {
	system, err := packages.System()
	if err != nil {
		return kubernetes{}, err
	}
	cluster, _ := system.Field("cluster")
	version, ok := cluster.Shape.Field("version")
	if !ok {
		return kubernetes{}, fmt.Errorf("the library has no cluster.version")
	}
	var k kubernetes
	for minor := range 100 {
		name := fmt.Sprintf("1.%d", minor)
		if version.Shape.Constraint.Unify(packages.Context.Encode(name)).Err() != nil {
			continue
		}
		if k.Oldest == "" {
			k.Oldest = name
		}
		k.Newest = name
	}
	return k, nil
}

// writeJSON prints v for people and machines alike, "<" as "<".
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
