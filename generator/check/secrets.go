package check

import (
	"fmt"
	"regexp"
	"strings"
)

// secrets reports what looks like a secret where everybody can read it: in a
// ConfigMap, in a variable's value, on a command line.
func secrets(s *system) {
	for _, o := range s.objects {
		if o.kind != configMap {
			continue
		}
		data := o.root.child("data")
		for _, f := range data.fields {
			text, _ := f.Value.(string)
			what := secretIn(text)
			if what == "" && !strings.Contains(text, "\n") && holdsSecret(f.Key, text) {
				what = "what looks like a secret (" + f.Key + ")"
			}
			exposed(o, []string{f.Key}, data.path+"["+f.Key+"]", what, "in a ConfigMap")
		}
	}
	for _, w := range s.workloads {
		for _, c := range w.containers {
			for _, e := range c.env {
				name, value := e.text("name"), e.text("value")
				what := secretIn(value)
				if what == "" && holdsSecret(name, value) {
					what = "what looks like a secret (" + name + ")"
				}
				exposed(w.object, c.subject("env", name), e.at("value"), what, "in a variable")
			}
			for _, field := range []string{"command", "args"} {
				checkCommandLine(w, c, field)
			}
		}
	}
}

// checkCommandLine looks at the words of a command, and at what its options
// are set to: --password=x or --password x.
func checkCommandLine(w *workload, c container, field string) {
	words := c.texts(field)
	for i, word := range words {
		what := secretIn(word)
		option, value, set := strings.Cut(word, "=")
		if !set && i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
			value = words[i+1]
		}
		if what == "" && strings.HasPrefix(option, "-") && !strings.ContainsAny(option, " \n") && holdsSecret(strings.TrimLeft(option, "-"), value) {
			what = "what looks like a secret (" + option + ")"
		}
		exposed(w.object, c.subject(field), fmt.Sprintf("%s[%d]", c.at(field), i), what, "on the command line")
	}
}

// exposed reports what was found, if anything was.
func exposed(o *object, subject []string, field, what, where string) {
	if what == "" {
		return
	}
	o.report(Finding{
		Code:    "GEN-21",
		Subject: subject,
		Field:   field,
		Message: fmt.Sprintf("%s stands in plain text %s", what, where),
		Hint:    "keep it in a Secret, and refer to that in container.secrets: NAME: {name: \"…\", key: \"…\"}; or in volumes, for a file",
	})
}

var (
	secretName = regexp.MustCompile(`(?i)PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN(?:[^A-Z]|$)|API[_-]?KEY|ACCESS[_-]?KEY|PRIVATE[_-]?KEY|CREDENTIAL`)
	// aboutSecret ends names that say something about a secret and hold none.
	aboutSecret = regexp.MustCompile(`(?i)[_-]?(FILE|PATH|DIR|NAME|REF|TTL|EXPIRY|EXPIRATION|LIFETIME|TIMEOUT|DURATION|INTERVAL|LENGTH|SIZE|LIMIT|COUNT|URL|URI|HOST|ENDPOINT|ISSUER|AUDIENCE|HEADER|TYPE|ALGORITHM|ENABLED|DISABLED|REQUIRED)$`)
	// plainValue is what no secret looks like: nothing, a switch, a number with
	// or without a unit, a path, or a reference to something else.
	plainValue = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|none|null|[0-9.]{1,5}[a-z]{0,2}|/.*|.*\$[({].*)?$`)
)

// holdsSecret reports whether a field of this name has a secret for a value.
func holdsSecret(name, value string) bool {
	return secretName.MatchString(name) && !aboutSecret.MatchString(name) && !plainValue.MatchString(value)
}

// tokens are how well-known credentials begin, and how long they are at least.
var tokens = []struct {
	prefix string
	least  int
	what   string
}{
	{"AKIA", 20, "an AWS access key"},
	{"ASIA", 20, "an AWS access key"},
	{"AIza", 39, "a Google API key"},
	{"ya29.", 30, "a Google access token"},
	{"ghp_", 40, "a GitHub token"},
	{"gho_", 40, "a GitHub token"},
	{"ghu_", 40, "a GitHub token"},
	{"ghs_", 40, "a GitHub token"},
	{"ghr_", 40, "a GitHub token"},
	{"github_pat_", 40, "a GitHub token"},
	{"glpat-", 26, "a GitLab token"},
	{"xoxa-", 24, "a Slack token"},
	{"xoxb-", 24, "a Slack token"},
	{"xoxp-", 24, "a Slack token"},
	{"xapp-", 24, "a Slack token"},
	{"sk_live_", 24, "a Stripe key"},
	{"rk_live_", 24, "a Stripe key"},
	{"SG.", 60, "a SendGrid key"},
	{"npm_", 40, "an npm token"},
	{"hvs.", 24, "a Vault token"},
	{"dckr_pat_", 32, "a Docker token"},
	{"eyJhbGci", 60, "a JSON Web Token"},
	{"SharedAccessKey=", 40, "an Azure shared access key"},
	{"AccountKey=", 40, "an Azure storage key"},
}

// secretIn says which secret text contains, or nothing.
func secretIn(text string) string {
	if strings.Contains(text, "PRIVATE KEY-----") && strings.Contains(text, "-----BEGIN") {
		return "a private key"
	}
	if passwordInURL(text) {
		return "a URL with a password"
	}
	return tokenIn(text)
}

// tokenIn looks at the beginning of each word.
func tokenIn(text string) string {
	inWord := false
	for i := range len(text) {
		begins := !inWord && letterOrDigit(text[i])
		inWord = letterOrDigit(text[i])
		if !begins {
			continue
		}
		for _, t := range tokens {
			if text[i] == t.prefix[0] && strings.HasPrefix(text[i:], t.prefix) && tokenLength(text[i:]) >= t.least {
				return t.what
			}
		}
	}
	return ""
}

func tokenLength(text string) int {
	n := 0
	for n < len(text) && (letterOrDigit(text[n]) || strings.IndexByte("_-.+/=", text[n]) >= 0) {
		n++
	}
	return n
}

// passwordInURL finds scheme://user:password@host, unless a variable stands
// for the password.
func passwordInURL(text string) bool {
	for {
		_, rest, found := strings.Cut(text, "://")
		if !found {
			return false
		}
		text = rest
		authority := rest
		if end := strings.IndexAny(rest, "/ \t\n\"'`<>"); end >= 0 {
			authority = rest[:end]
		}
		user, _, ok := strings.Cut(authority, "@")
		_, password, both := strings.Cut(user, ":")
		if ok && both && !plainValue.MatchString(password) {
			return true
		}
	}
}
