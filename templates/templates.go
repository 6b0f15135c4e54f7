// Package templates embeds what a spec becomes: one CUE package per pattern
// kind, and package shared for what their pods have in common.
package templates

import "embed"

// FS holds one folder of CUE files per pattern kind, and the folder shared, with
// the packages below them.
//
//go:embed */*.cue */*/*.cue
var FS embed.FS
