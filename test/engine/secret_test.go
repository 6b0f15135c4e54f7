package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A secret is a folder as Kubernetes mounts a Secret of type kubernetes.io/tls:
// its files are links, by which all are replaced at once.
type secret struct {
	dir string
	// trusted has every certificate that was ever put into it.
	trusted *x509.CertPool
}

// newSecret has the certificate number 1.
func newSecret(t *testing.T) secret {
	t.Helper()
	s := secret{t.TempDir(), x509.NewCertPool()}
	s.put(t, 1)
	return s
}

// put replaces the certificate by one with another serial number.
func (s secret) put(t *testing.T, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "web"},
		DNSNames:     []string{"web.example.com"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	crt := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	s.trusted.AppendCertsFromPEM(crt)
	s.replace(t, map[string][]byte{
		"tls.crt": crt,
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	})
}

func (s secret) replace(t *testing.T, files map[string][]byte) {
	t.Helper()
	version, err := os.MkdirTemp(s.dir, "..version-")
	if err != nil {
		t.Fatal(err)
	}
	link := func(to, from string) {
		next := filepath.Join(s.dir, "..next")
		if err := os.Symlink(to, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(s.dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(version, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		link(filepath.Join("..data", name), name)
	}
	link(filepath.Base(version), "..data")
}

// mounted is a configuration that finds the Secret, and the script that follows
// it, on this machine.
func (s secret) mounted(t *testing.T, config, script string) string {
	t.Helper()
	const folder, file = "/usr/local/etc/haproxy/certificate", "/usr/local/etc/haproxy/certificate.lua"
	local := filepath.Join(t.TempDir(), "script.lua")
	if err := os.WriteFile(local, []byte(strings.Replace(script, `"`+folder+`"`, `"`+s.dir+`"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(file, local, folder, s.dir).Replace(config)
}
