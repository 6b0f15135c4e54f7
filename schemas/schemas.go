// Package schemas embeds what a user may write: one CUE definition per pattern
// kind, and what the kinds share.
package schemas

import "embed"

// FS holds the CUE files of package schemas, and a first spec for each kind in
// the folder examples.
//
//go:embed *.cue examples/*.cue
var FS embed.FS
