package generator

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// maxNesting is how many tokens may be part of one another, as the brackets of
// nested lists or the links of a chain like a.b.c are. No syntax tree is deeper
// than that; it is a walk's stack that ends at some depth.
const maxNesting = 10_000

// A nesting counts the tokens of each bracket that is open, since the last comma
// in it: every token that the next one can be part of.
type nesting struct {
	brackets []bracket
	depth    int
}

type bracket struct {
	tokens int
	// inString is whether the bracket is an interpolation's.
	inString bool
}

func (n *nesting) innermost() *bracket { return &n.brackets[len(n.brackets)-1] }

func (n *nesting) add(tokens int) {
	n.innermost().tokens += tokens
	n.depth += tokens
}

func (n *nesting) comma() { n.add(-n.innermost().tokens) }

func (n *nesting) push(inString bool) { n.brackets = append(n.brackets, bracket{inString: inString}) }

func (n *nesting) pop() {
	if len(n.brackets) > 1 {
		n.comma()
		n.brackets = n.brackets[:len(n.brackets)-1]
	}
}

// checkNesting refuses CUE that is nested so deeply that a walk of its syntax
// tree could use up the stack, which ends a process without a word. CUE's parser
// limits brackets, but not chains, and walks the tree itself.
func checkNesting(source Source) error {
	var s scanner.Scanner
	s.Init(token.NewFile(source.Name, 0, len(source.Text)), source.Text, nil, 0)
	n := nesting{brackets: []bracket{{}}}
	interpolation := false
	for {
		pos, tok, text := s.Scan()
		switch tok {
		case token.EOF:
			return nil
		case token.COMMA:
			n.comma()
			continue
		case token.LPAREN, token.LBRACE, token.LBRACK:
			n.add(1)
			n.push(interpolation)
		case token.RPAREN, token.RBRACE, token.RBRACK:
			inString := n.innermost().inString
			n.pop()
			n.add(1)
			if inString {
				interpolation = strings.HasSuffix(s.ResumeInterpolation(), "(")
				continue
			}
		default:
			n.add(1)
			if s.ErrorCount > 0 || n.innermost().inString {
				// What looks like a string may be none to the parser.
				n.add(len(text) / 2)
			}
		}
		interpolation = tok == token.INTERPOLATION
		if n.depth > maxNesting {
			return diagnostic.List{{
				Code:     "PC1006",
				Position: position(pos),
				Message:  fmt.Sprintf("the expression has more than %d parts up to here", maxNesting),
				Hint:     "give names to parts of it, or write a list",
			}}
		}
	}
}
