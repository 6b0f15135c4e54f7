package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/patternctl/patternctl/test/cluster/internal/build"
	"github.com/patternctl/patternctl/test/cluster/internal/nested"
	"github.com/patternctl/patternctl/test/cluster/internal/pki"
	"github.com/patternctl/patternctl/test/cluster/internal/plane"
)

// Main must be called first by every program that starts clusters with nodes: parts of a cluster are this program again,
// and then Main doesn't return.
func Main() { nested.Main() }

// parts is what nodes are made of.
type parts struct {
	runtime, coreDNS string
	images           []string
}

// AppImage is the image of the test application, which every node has. It also holds the namespaces of each pod.
const AppImage = "patternctl.test/app:1"

// buildParts makes what only a cluster with nodes needs. It says first what is missing on this machine.
func buildParts(cache build.Cache, images []Image) (parts, error) {
	if os.Geteuid() != 0 {
		return parts{}, errors.New("nodes need root: run as root, or use a cluster of your own by setting KUBECONFIG")
	}
	if err := nested.CheckCgroups(); err != nil {
		return parts{}, err
	}
	if _, err := exec.LookPath("nft"); err != nil {
		return parts{}, errors.New("nodes need nft, which kube-proxy calls: install Debian's package nftables")
	}
	var p parts
	var err error
	if p.runtime, err = cache.Runtime(); err != nil {
		return parts{}, err
	}
	if p.coreDNS, err = cache.CoreDNS(); err != nil {
		return parts{}, err
	}
	app, err := cache.App()
	if err != nil {
		return parts{}, err
	}
	images = append(images, Image{Names: []string{AppImage}, Files: map[string]string{"/app": app}, Entrypoint: []string{"/app"}, Command: []string{"pause"}, User: "65532:65532"})
	for _, image := range images {
		path, err := cache.Image(image)
		if err != nil {
			return parts{}, err
		}
		p.images = append(p.images, path)
	}
	return p, nil
}

// startNodes runs control plane and nodes in namespaces of their own, and a listener on loopback that leads to the API server.
func (c *Cluster) startNodes(kube string, parts parts, count int) error {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer listener.Close()
	host := nested.Host{
		Plane:   plane.Config{Kube: kube, Dir: c.dir.path, Address: nested.HostAddress, Port: 6443, Store: 2379, Peers: 2380},
		CoreDNS: parts.coreDNS,
	}
	authority, err := host.Plane.Credentials(listener.Addr().String())
	if err != nil {
		return err
	}
	for number := 1; number <= count; number++ {
		node := nested.Node{
			Name:    fmt.Sprintf("node-%d", number),
			Number:  number,
			Kube:    kube,
			Runtime: parts.runtime,
			Images:  parts.images,
			Pause:   AppImage,
			Dir:     filepath.Join(c.dir.path, "nodes", fmt.Sprint(number)),
			Keys:    filepath.Dir(c.Kubeconfig),
			Logs:    filepath.Join(c.dir.path, "log"),
			Cgroup:  fmt.Sprintf("%s-%d", filepath.Base(c.dir.path), number),
		}
		kubeconfig, serving := node.Credentials()
		subject := pki.Subject{Name: "system:node:" + node.Name, Groups: []string{"system:nodes"}}
		if err := authority.Kubeconfig(kubeconfig, host.Plane.Server(), subject); err != nil {
			return err
		}
		subject.Hosts = []string{node.Name, nested.NodeAddress(number)}
		if err := authority.Issue(serving, subject); err != nil {
			return err
		}
		host.Nodes = append(host.Nodes, node)
	}
	c.nested, err = nested.Start(c.group, host, listener)
	return err
}

// KillNode ends a node without warning, with all that runs on it.
func (c *Cluster) KillNode(name string) error { return c.nested.KillNode(name) }

// StartNode starts a node that was killed. Its disk is as it was.
func (c *Cluster) StartNode(name string) error { return c.nested.StartNode(name) }
