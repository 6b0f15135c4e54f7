package check

import (
	"fmt"
	"regexp"
	"strings"
)

// images reports images that are no reference, that may change under the same
// name, or that come from where nothing is kept any more.
func images(s *system) {
	for _, w := range s.workloads {
		for _, c := range w.containers {
			checkImage(w, c.subject(), c.at("image"), c.text("image"))
		}
		for _, v := range w.volumes {
			if image := v.child("image"); image.exists() {
				checkImage(w, volumeSubject(v), image.at("reference"), image.text("reference"))
			}
		}
	}
}

var (
	imageName   = regexp.MustCompile(`^(?:(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?|\[[0-9a-fA-F:]+\](?::[0-9]+)?)/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	imageTag    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	imageDigest = regexp.MustCompile(`^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-zA-Z=_-]{32,}$`)
)

// abandoned says why images whose full name begins like this are not to be used.
var abandoned = []struct{ prefix, why string }{
	{"docker.io/bitnami/", "bitnami's free images were taken away in 2025"},
	{"docker.io/bitnamilegacy/", "bitnamilegacy gets no updates"},
	{"k8s.gcr.io/", "k8s.gcr.io was replaced by registry.k8s.io in 2023 and gets no updates"},
	{"gcr.io/google_containers/", "gcr.io/google_containers gets no updates"},
	{"gcr.io/google-containers/", "gcr.io/google-containers gets no updates"},
}

func checkImage(w *workload, subject []string, field, image string) {
	finding := func(message, hint string) {
		w.report(Finding{Code: "GEN-11", Subject: subject, Field: field, Message: message, Hint: hint})
	}
	name, tag, digest := splitImage(image)
	switch {
	case image == "":
		finding("there is no image", "name an image with its version")
		return
	case len(image) > 4096 || !imageName.MatchString(name) || tag != "" && !imageTag.MatchString(tag) || digest != "" && !imageDigest.MatchString(digest):
		finding(fmt.Sprintf("%q is not an image reference", shorten(image)), "write it as registry/name:tag or registry/name@sha256:...")
		return
	case digest == "" && tag == "":
		finding(fmt.Sprintf("image %q has no version", image), "add a tag or a digest")
	case digest == "" && tag == "latest":
		finding(fmt.Sprintf("image %q is whatever is newest when it is pulled", image), "name a version instead of latest")
	}
	full := fullName(name)
	for _, a := range abandoned {
		if strings.HasPrefix(full, a.prefix) {
			finding(fmt.Sprintf("image %q: %s", image, a.why), "use the project's own image")
		}
	}
}

// splitImage cuts a reference at its tag and its digest, either of which may
// be empty. A colon or an at sign with nothing behind stays in the name, where
// it is an error.
func splitImage(image string) (name, tag, digest string) {
	name = image
	if before, after, ok := strings.Cut(name, "@"); ok && after != "" {
		name, digest = before, after
	}
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') && colon < len(name)-1 {
		name, tag = name[:colon], name[colon+1:]
	}
	return name, tag, digest
}

// fullName adds the registry that an image without one comes from.
func fullName(name string) string {
	first, _, hasPath := strings.Cut(name, "/")
	if hasPath && (strings.ContainsAny(first, ".:") || first == "localhost") {
		return name
	}
	return "docker.io/" + name
}
