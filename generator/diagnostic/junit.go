package diagnostic

import "encoding/xml"

type (
	junitReport struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Failure   *junitFailure `xml:"failure"`
		Output    string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// viewJUnit prints a test case for each diagnostic: an error fails, a warning
// passes with output. CI servers reject a report without tests, so an empty
// list is one test that passes.
func viewJUnit(list List, _ Options) ([]byte, error) {
	suite := junitSuite{Name: "patternctl", Tests: max(len(list), 1)}
	if len(list) == 0 {
		suite.Cases = []junitCase{{Name: "no problems", ClassName: "patternctl"}}
	}
	for _, d := range list {
		file := printable(d.Position.File)
		item := junitCase{Name: d.Error(), ClassName: "patternctl", File: file}
		if file != "" {
			item.ClassName = file
		}
		text := d.withDetails(d.Error())
		if d.Severity == Error {
			suite.Failures++
			item.Failure = &junitFailure{Message: printable(d.Message), Type: printable(d.Code), Text: text}
		} else {
			item.Output = text
		}
		suite.Cases = append(suite.Cases, item)
	}
	out, err := xml.MarshalIndent(junitReport{Tests: suite.Tests, Failures: suite.Failures, Suite: suite}, "", "  ")
	return []byte(xml.Header + string(out) + "\n"), err
}
