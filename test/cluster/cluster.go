// Package cluster brings up a real Kubernetes on this machine, out of pinned Go modules and Debian's packages, and takes
// it down without a trace.
//
// A cluster without nodes is a control plane: enough to see what the API server accepts, and up in seconds. Nodes are
// real ones, with a kubelet, a container runtime and a network of their own, in namespaces of the kernel; they need root.
//
// A cluster lives as long as the process that started it: the kernel ends it with that process, whatever way that ends.
package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/patternctl/patternctl/test/cluster/internal/build"
	"github.com/patternctl/patternctl/test/cluster/internal/nested"
	"github.com/patternctl/patternctl/test/cluster/internal/plane"
	"github.com/patternctl/patternctl/test/cluster/internal/process"
)

// The versions at the ends of what is supported.
const (
	Newest = build.Newest
	Oldest = build.Oldest
)

// mostNodes is what a machine with few processors can bear.
const mostNodes = 8

// HAProxySuite and VarnishSuite are the suites of Debian with the versions of HAProxy and Varnish that manifests name, and
// VarnishPackage is what it is called there.
const (
	HAProxySuite   = build.HAProxySuite
	VarnishSuite   = build.VarnishSuite
	VarnishPackage = build.VarnishPackage
)

// Image is a container image that is made here, under the names that manifests call it by.
type Image = build.Image

// Options say which cluster is wanted.
type Options struct {
	// Version of Kubernetes, such as 1.37.2. Empty means Newest.
	Version string
	// Nodes is the number of nodes, 0 to 8. More than 0 need root.
	Nodes int
	// Images are put on every node. Nodes pull nothing.
	Images []Image
	// Progress gets a line for whatever takes long. Nil drops them.
	Progress func(line string)
}

// Cluster is a running cluster.
type Cluster struct {
	// Kubeconfig is the path of the administrator's kubeconfig.
	Kubeconfig string
	// Kubectl is the command that is this version's kubectl.
	Kubectl []string
	// Version of Kubernetes.
	Version string

	dir    run
	group  *process.Group
	nested *nested.Cluster
}

// Start builds what is needed, brings the cluster up and returns when the API server and all nodes are ready.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	if options.Version == "" {
		options.Version = Newest
	}
	if options.Nodes < 0 || options.Nodes > mostNodes {
		return nil, fmt.Errorf("a cluster has 0 to %d nodes, not %d", mostNodes, options.Nodes)
	}
	if options.Progress == nil {
		options.Progress = func(string) {}
	}
	home, err := home()
	if err != nil {
		return nil, err
	}
	cache, err := cache(options.Progress)
	if err != nil {
		return nil, err
	}
	kube, err := cache.Kube(options.Version)
	if err != nil {
		return nil, err
	}
	var parts parts
	if options.Nodes > 0 {
		if parts, err = buildParts(cache, options.Images); err != nil {
			return nil, err
		}
	}
	dir, err := newRun(filepath.Join(home, "run"))
	if err != nil {
		return nil, err
	}
	c := &Cluster{Version: options.Version, Kubectl: []string{kube, "kubectl"}, dir: dir, Kubeconfig: filepath.Join(dir.path, "pki", plane.Admin)}
	if c.group, err = process.New(filepath.Join(dir.path, "log")); err != nil {
		return nil, err
	}
	if err := c.start(ctx, kube, parts, options); err != nil {
		c.Stop()
		return nil, fmt.Errorf("start Kubernetes %s: %w", options.Version, err)
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, kube string, parts parts, options Options) error {
	started := time.Now()
	if options.Nodes > 0 {
		if err := c.startNodes(kube, parts, options.Nodes); err != nil {
			return err
		}
	} else if err := c.startControlPlane(kube); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := c.ready(ctx, options.Nodes, options.Progress); err != nil {
		return err
	}
	options.Progress(fmt.Sprintf("Kubernetes %s is up after %.1f s", options.Version, time.Since(started).Seconds()))
	return nil
}

// startControlPlane runs the components on loopback.
func (c *Cluster) startControlPlane(kube string) error {
	ports, err := plane.FreePorts(3)
	if err != nil {
		return err
	}
	config := plane.Config{Kube: kube, Dir: c.dir.path, Address: "127.0.0.1", Port: ports[0], Store: ports[1], Peers: ports[2]}
	if _, err := config.Credentials(net.JoinHostPort(config.Address, fmt.Sprint(config.Port))); err != nil {
		return err
	}
	return config.Start(c.group)
}

// Stop ends the cluster and removes all that it left.
func (c *Cluster) Stop() {
	c.group.Stop(10 * time.Second)
	c.dir.remove()
}

// home is the folder that builds are kept in, and in which clusters live.
func home() (string, error) {
	dir := os.Getenv("PATTERNCTL_CLUSTER_HOME")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "patternctl-cluster")
	}
	return filepath.Abs(dir)
}

// Elector gives the path of an archive with the elector's image under a name.
func Elector(name string, progress func(line string)) (string, error) {
	cache, err := cache(progress)
	if err != nil {
		return "", err
	}
	return cache.Elector(name)
}

// HAProxy gives the path of an HAProxy of the version that manifests name.
func HAProxy(progress func(line string)) (string, error) {
	cache, err := cache(progress)
	if err != nil {
		return "", err
	}
	return cache.HAProxy()
}

// Varnish gives the path of a varnishd of the version that manifests name.
func Varnish(progress func(line string)) (string, error) {
	cache, err := cache(progress)
	if err != nil {
		return "", err
	}
	return cache.Varnish()
}

// Bento gives the path of a Bento of the version that manifests name.
func Bento(progress func(line string)) (string, error) {
	cache, err := cache(progress)
	if err != nil {
		return "", err
	}
	return cache.Bento()
}

// CustomResources gives the YAML of the definitions of the custom resources that manifests may have.
func CustomResources() ([]string, error) {
	cache, err := cache(nil)
	if err != nil {
		return nil, err
	}
	return cache.CustomResources()
}

func cache(progress func(line string)) (build.Cache, error) {
	home, err := home()
	return build.Cache{Dir: filepath.Join(home, "cache"), Progress: progress}, err
}
