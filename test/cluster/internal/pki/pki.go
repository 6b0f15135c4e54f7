// Package pki makes the keys and certificates of a cluster that lives for an hour.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	clientcmd "k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// Authority signs all certificates of one cluster and writes what it makes into one folder.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an authority of its own for the folder dir, where it leaves ca.crt and ca.key.
func New(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authority{dir: dir, key: key}
	a.cert = &x509.Certificate{
		Subject:               pkix.Name{CommonName: "patternctl-test"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := a.sign(a.cert, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return a, a.write("ca", der, key)
}

// Subject is whom a certificate is for.
type Subject struct {
	Name   string
	Groups []string
	// Hosts are the names and addresses of a server; a client has none.
	Hosts []string
}

// Issue writes file.crt and file.key for the subject.
func (a *Authority) Issue(file string, s Subject) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: s.Name, Organization: s.Groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, host := range s.Hosts {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := a.sign(template, &key.PublicKey)
	if err != nil {
		return err
	}
	return a.write(file, der, key)
}

// Kubeconfig writes file.kubeconfig, with which the subject reaches the API server at the address,
// such as 127.0.0.1:6443.
func (a *Authority) Kubeconfig(file, address string, s Subject) error {
	if err := a.Issue(file, s); err != nil {
		return err
	}
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: "https://" + address, CertificateAuthority: a.Path("ca.crt")}
	config.AuthInfos[file] = &api.AuthInfo{ClientCertificate: a.Path(file + ".crt"), ClientKey: a.Path(file + ".key")}
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: file}
	config.CurrentContext = "test"
	return clientcmd.WriteToFile(*config, a.Path(file+".kubeconfig"))
}

// Path is where the authority keeps a file.
func (a *Authority) Path(file string) string { return filepath.Join(a.dir, file) }

func (a *Authority) sign(template *x509.Certificate, key *ecdsa.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().AddDate(0, 0, 30)
	return x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
}

func (a *Authority) write(file string, certificate []byte, key *ecdsa.PrivateKey) error {
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		file + ".crt": {Type: "CERTIFICATE", Bytes: certificate},
		file + ".key": {Type: "EC PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(a.Path(name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}
