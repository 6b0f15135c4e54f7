package nested

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/patternctl/patternctl/test/cluster/internal/plane"
	"github.com/patternctl/patternctl/test/cluster/internal/process"
)

// Host says what the cluster's namespaces hold.
type Host struct {
	Plane plane.Config
	// CoreDNS is the program that answers for the cluster's names.
	CoreDNS string
	// Nodes are started with the cluster.
	Nodes []Node
}

// Cluster is the first process of a cluster's namespaces, seen from outside.
type Cluster struct{ commands io.Writer }

// order is a command to a running cluster.
type order struct {
	// Kill and Start name the node to which it is done.
	Kill, Start string
}

// Start runs a cluster. Connections to the listener, which is outside of the cluster's network, go to its API server.
func Start(group *process.Group, host Host, listener *net.TCPListener) (*Cluster, error) {
	file, err := listener.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd := command(hostRole)
	cmd.ExtraFiles = []*os.File{file}
	commands, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if _, err := group.Start("cluster", cmd); err != nil {
		return nil, err
	}
	return &Cluster{commands}, send(commands, host)
}

// KillNode ends a node as a power failure would.
func (c *Cluster) KillNode(name string) error { return send(c.commands, order{Kill: name}) }

// StartNode starts a node that was killed. Its disk is as it was.
func (c *Cluster) StartNode(name string) error { return send(c.commands, order{Start: name}) }

// runHost is the first process of the cluster's namespaces.
func runHost(in *bufio.Reader) error {
	var host Host
	if err := receive(in, &host); err != nil {
		return err
	}
	if err := prepareHost(host); err != nil {
		return err
	}
	group, err := process.New(filepath.Join(host.Plane.Dir, "log"))
	if err != nil {
		return err
	}
	listener, err := net.FileListener(os.NewFile(3, "API server"))
	if err != nil {
		return err
	}
	go forward(listener, host.Plane.Server())
	go openVolumes(host.volumes())
	if err := host.Plane.Start(group); err != nil {
		return err
	}
	if err := host.startDNS(group); err != nil {
		return err
	}
	nodes := map[string]*process.Process{}
	for _, node := range host.Nodes {
		if nodes[node.Name], err = node.start(group); err != nil {
			return err
		}
	}
	orders := make(chan order)
	go func() {
		defer close(orders)
		for {
			var o order
			if receive(in, &o) != nil {
				return
			}
			orders <- o
		}
	}()
	for {
		select {
		case failed := <-group.Failure():
			return failed
		case o, ok := <-orders:
			if !ok {
				return nil
			}
			for _, node := range host.Nodes {
				switch node.Name {
				case o.Kill:
					group.Kill(nodes[node.Name])
				case o.Start:
					if nodes[node.Name], err = node.start(group); err != nil {
						return err
					}
				}
			}
		}
	}
}

// prepareHost makes the mounts and the network of the cluster's namespaces.
func prepareHost(host Host) error {
	if err := ownMounts(); err != nil {
		return err
	}
	// Kubernetes makes volumes in /tmp/hostpath_pv and nowhere else.
	if err := mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777"); err != nil {
		return err
	}
	if err := bind(host.volumes(), "/tmp/hostpath_pv"); err != nil {
		return err
	}
	return hostNetwork(host.Plane.Address)
}

func (h Host) volumes() string { return filepath.Join(h.Plane.Dir, "volumes") }

// openVolumes lets every user write to new volumes. A real storage driver gives a volume to the pod's fsGroup;
// Kubernetes' own, which makes folders, leaves it to root.
func openVolumes(dir string) {
	for range time.Tick(100 * time.Millisecond) {
		volumes, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, volume := range volumes {
			_ = os.Chmod(volume, 0o777)
		}
	}
}

// forward passes connections on.
func forward(listener net.Listener, address string) {
	for {
		outside, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer outside.Close()
			inside, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			defer inside.Close()
			go func() {
				_, _ = io.Copy(inside, outside)
				_ = inside.(*net.TCPConn).CloseWrite()
			}()
			_, _ = io.Copy(outside, inside)
		}()
	}
}

// startDNS answers for the cluster's names, and says that all others don't exist.
func (h Host) startDNS(group *process.Group) error {
	config := fmt.Sprintf(strings.TrimPrefix(`
cluster.local in-addr.arpa {
    bind %[1]s
    errors
    kubernetes cluster.local in-addr.arpa {
        kubeconfig %[2]s
        ttl 5
    }
    loadbalance
}
. {
    bind %[1]s
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
`, "\n"), h.Plane.Address, filepath.Join(h.Plane.Dir, "pki", "dns.kubeconfig"))
	path := filepath.Join(h.Plane.Dir, "Corefile")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return err
	}
	_, err := group.Start("coredns", exec.Command(h.CoreDNS, "-conf", path))
	return err
}
