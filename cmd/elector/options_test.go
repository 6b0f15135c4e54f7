package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	pod := map[string]string{"POD_NAME": "web-1", "POD_NAMESPACE": "shop", "POD_IPS": "10.0.0.7,fd00::7"}
	o, err := parse(strings.Fields("-lease work -lease-duration 6s -service work -service-port http=8080 -service-port admin=9090"), func(name string) string { return pod[name] })
	if err != nil {
		t.Fatal(err)
	}
	if o.leaseDuration != 6*time.Second || len(o.ports) != 2 || o.ports[1] != (servicePort{"admin", 9090}) || len(o.addresses) != 2 || o.pod != "web-1" {
		t.Errorf("%+v", o)
	}
	for _, test := range []struct{ args, pod, says string }{
		{"", "web-1", "-lease is missing"},
		{"-lease work", "", "POD_NAME and POD_NAMESPACE must be set"},
		{"-lease work -lease-duration 1500ms", "web-1", "1.5s is not a number of whole seconds"},
		{"-lease work -port 0", "web-1", "0 is not a port number"},
		{"-lease work -app 70000", "web-1", "70000 is not a port number"},
		{"-lease work -service-port http", "web-1", "is not NAME=PORT"},
		{"-lease work extra", "web-1", "extra: no argument is known"},
	} {
		_, err := parse(strings.Fields(test.args), func(name string) string {
			return map[string]string{"POD_NAME": test.pod, "POD_NAMESPACE": "shop", "POD_IPS": "10.0.0.7"}[name]
		})
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.args, err)
		}
	}
	if _, err := parse([]string{"-lease", "work"}, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "POD_IPS") {
		t.Errorf("without addresses: %v", err)
	}
}

// TestManifests holds that the arguments in manifests are those that the elector knows.
func TestManifests(t *testing.T) {
	for _, name := range []string{"scheduler", "registry", "behind"} {
		text, err := os.ReadFile("../../golden/election-leader/base/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var args []string
		for _, match := range regexp.MustCompile(`(?m)^ +- (-[a-z]\S*)$`).FindAllStringSubmatch(string(text), -1) {
			args = append(args, match[1])
		}
		o, err := parse(args, func(name string) string {
			return map[string]string{"POD_NAME": "pod", "POD_NAMESPACE": "office", "POD_IPS": "10.0.0.7"}[name]
		})
		if err != nil || o.lease != name {
			t.Errorf("%s: %v: the Lease is %q: %v", name, args, o.lease, err)
		}
	}
}
