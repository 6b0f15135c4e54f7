// Package style holds tests about the repository itself: which package may use
// which, that CUE is formatted, and that documents say what is so.
package style
