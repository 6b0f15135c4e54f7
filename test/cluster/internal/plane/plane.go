// Package plane runs the control plane of a cluster: etcd, the API server, the controller manager, the scheduler.
package plane

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/patternctl/patternctl/test/cluster/internal/pki"
	"github.com/patternctl/patternctl/test/cluster/internal/process"
)

// The ranges that Services and pods get addresses from, and the address of the Service kubernetes.
const (
	ServiceRange = "10.96.0.0/16"
	PodRange     = "10.244.0.0/16"
	apiAddress   = "10.96.0.1"
)

// Admin names the kubeconfig of the administrator, which Credentials writes.
const Admin = "admin.kubeconfig"

// Config says where a control plane lives.
type Config struct {
	// Kube is the program that is every component.
	Kube string
	// Dir is the cluster's folder; the control plane writes pki and etcd in it.
	Dir string
	// Address is the IP address that the API server listens on; etcd listens on loopback.
	Address string
	// Port is the API server's.
	Port int
	// Store and Peers are etcd's ports.
	Store, Peers int
}

func (c Config) pki(file string) string { return filepath.Join(c.Dir, "pki", file) }

// Server is where the components find the API server.
func (c Config) Server() string { return net.JoinHostPort(c.Address, fmt.Sprint(c.Port)) }

// Credentials writes the keys, certificates and kubeconfigs of the control plane. The administrator reaches the API server
// at the address outside, which may be another than the components use.
func (c Config) Credentials(outside string) (*pki.Authority, error) {
	authority, err := pki.New(filepath.Join(c.Dir, "pki"))
	if err != nil {
		return nil, err
	}
	hosts := []string{c.Address, "127.0.0.1", apiAddress, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	for file, subject := range map[string]pki.Subject{
		"apiserver":       {Name: "kube-apiserver", Hosts: hosts},
		"kubelet-client":  {Name: "kube-apiserver-kubelet-client", Groups: []string{"system:masters"}},
		"service-account": {Name: "service-accounts"},
	} {
		if err := authority.Issue(file, subject); err != nil {
			return nil, err
		}
	}
	for file, subject := range map[string]pki.Subject{
		"controller-manager": {Name: "system:kube-controller-manager"},
		"scheduler":          {Name: "system:kube-scheduler"},
		"proxy":              {Name: "system:kube-proxy", Groups: []string{"system:node-proxier"}},
		"dns":                {Name: "dns", Groups: []string{"system:masters"}},
	} {
		if err := authority.Kubeconfig(file, c.Server(), subject); err != nil {
			return nil, err
		}
	}
	return authority, authority.Kubeconfig("admin", outside, pki.Subject{Name: "admin", Groups: []string{"system:masters"}})
}

// Start runs the components. They wait for each other, so none is waited for here.
func (c Config) Start(group *process.Group) error {
	store := fmt.Sprintf("http://127.0.0.1:%d", c.Store)
	data := filepath.Join(c.Dir, "etcd")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	for _, component := range []struct {
		name string
		args []string
	}{
		{"etcd", []string{
			"--data-dir=" + data,
			"--listen-client-url=" + store,
			fmt.Sprintf("--listen-peer-url=http://127.0.0.1:%d", c.Peers),
		}},
		{"kube-apiserver", []string{
			"--etcd-servers=" + store,
			"--bind-address=" + c.Address,
			"--advertise-address=" + c.Address,
			fmt.Sprintf("--secure-port=%d", c.Port),
			"--endpoint-reconciler-type=" + c.reconciler(),
			"--service-cluster-ip-range=" + ServiceRange,
			"--tls-cert-file=" + c.pki("apiserver.crt"),
			"--tls-private-key-file=" + c.pki("apiserver.key"),
			"--client-ca-file=" + c.pki("ca.crt"),
			"--kubelet-client-certificate=" + c.pki("kubelet-client.crt"),
			"--kubelet-client-key=" + c.pki("kubelet-client.key"),
			"--kubelet-certificate-authority=" + c.pki("ca.crt"),
			"--kubelet-preferred-address-types=InternalIP",
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + c.pki("service-account.key"),
			"--service-account-signing-key-file=" + c.pki("service-account.key"),
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			// It is for namespaces to refuse privileged containers.
			"--allow-privileged=true",
			"--profiling=false",
		}},
		{"kube-controller-manager", append(c.controller("controller-manager"),
			"--use-service-account-credentials=true",
			"--service-account-private-key-file="+c.pki("service-account.key"),
			"--root-ca-file="+c.pki("ca.crt"),
			// Volumes are folders of this machine.
			"--enable-hostpath-provisioner=true",
			// A dead node is noticed soon, so that tests need not wait for minutes.
			"--node-monitor-grace-period=16s",
		)},
		{"kube-scheduler", c.controller("scheduler")},
	} {
		if _, err := group.Start(component.name, exec.Command(c.Kube, append([]string{component.name}, component.args...)...)); err != nil {
			return err
		}
	}
	return nil
}

// controller gives the arguments of a component that is a client of the API server, by the name of its kubeconfig.
func (c Config) controller(name string) []string {
	kubeconfig := c.pki(name + ".kubeconfig")
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--secure-port=0",
		"--leader-elect=false",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
		"--profiling=false",
	}
}

// reconciler says whether the API server offers itself to pods as the Service kubernetes:
// an address on loopback would be refused there.
func (c Config) reconciler() string {
	if net.ParseIP(c.Address).IsLoopback() {
		return "none"
	}
	return "master-count"
}
