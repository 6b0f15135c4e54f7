// Package schemas embeds what a user may write: one CUE definition per pattern
// kind, and what the kinds share.
package schemas

import "embed"

// FS holds the CUE files of package schemas.
//
//go:embed *.cue
var FS embed.FS
