package diagnostic

import (
	"slices"
	"strings"
)

// nearestRunes bounds the words that Nearest measures, since the work grows
// with the product of two lengths.
const nearestRunes = 100

// Nearest returns the candidate that the user probably meant by word, or ""
// when none is near: at most a third of the letters may be inserted, left out,
// replaced, or swapped with the next one. Case does not count. Of several at
// the same distance it returns the first in byte order, whatever the order of
// candidates. A word of three letters or more is also near to the only candidate
// that begins with it. Words of more than 100 characters are near to nothing.
func Nearest(word string, candidates []string) string {
	best, distance := "", nearestRunes
	var abbreviated []string
	from := []rune(strings.ToLower(word))
	for _, c := range candidates {
		to := []rune(strings.ToLower(c))
		if begins(to, from) {
			abbreviated = append(abbreviated, c)
		}
		longer, shorter := max(len(from), len(to)), min(len(from), len(to))
		if longer > nearestRunes || longer-shorter > longer/3 {
			continue
		}
		d := edits(from, to)
		if d > longer/3 || d > distance || d == distance && c >= best {
			continue
		}
		best, distance = c, d
	}
	if best == "" && len(abbreviated) == 1 {
		return abbreviated[0]
	}
	return best
}

// begins reports whether word begins with letters, which are enough to tell.
func begins(word, letters []rune) bool {
	n := len(letters)
	return n >= 3 && n <= nearestRunes && n <= len(word) && slices.Equal(word[:n], letters)
}

// edits is the restricted Damerau-Levenshtein distance: how many insertions,
// deletions, replacements and swaps of neighbours make a into b, where no
// letter is edited twice.
func edits(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
