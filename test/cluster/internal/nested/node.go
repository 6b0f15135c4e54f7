package nested

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/patternctl/patternctl/test/cluster/internal/plane"
	"github.com/patternctl/patternctl/test/cluster/internal/process"
)

// Node is one machine of the cluster.
type Node struct {
	// Name is the node's, and Number, counted from 1, gives its addresses.
	Name   string
	Number int
	// Kube is the program that is every component of Kubernetes.
	Kube string
	// Runtime is the folder with Debian's containerd, runc and network plugins.
	Runtime string
	// Images are the archives that the node has.
	Images []string
	// Pause is the name of the image that holds a pod's namespaces.
	Pause string
	// Dir is the node's disk.
	Dir string
	// Keys is the folder with the kubeconfigs, keys and certificates of the cluster.
	Keys string
	// Logs is where its programs write.
	Logs string
	// Cgroup names the node's groups among those of all clusters.
	Cgroup string
}

// Credentials are the names of the files in Keys that a node needs: a kubeconfig, and a certificate to serve with.
func (n Node) Credentials() (kubeconfig, serving string) {
	return "kubelet-" + n.Name, "kubelet-serving-" + n.Name
}

// start runs the node.
func (n Node) start(group *process.Group) (*process.Process, error) {
	cmd := command(nodeRole)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p, err := group.Start(n.Name, cmd)
	if err != nil {
		return nil, err
	}
	if err := cable(n.Number, p.ID()); err != nil {
		return nil, err
	}
	return p, send(in, n)
}

// runNode is the first process of a node's namespaces.
func runNode(in *bufio.Reader) error {
	var n Node
	if err := receive(in, &n); err != nil {
		return err
	}
	group, err := process.New(n.Logs)
	if err != nil {
		return err
	}
	if err := n.prepare(group); err != nil {
		return err
	}
	if err := n.startRuntime(group); err != nil {
		return err
	}
	if err := n.startKubelet(group); err != nil {
		return err
	}
	if err := n.startProxy(group); err != nil {
		return err
	}
	// Nothing more is said to a node; its parent's end ends it.
	return <-group.Failure()
}

// prepare makes this process a machine: a host name, disks, groups, a network.
func (n Node) prepare(group *process.Group) error {
	if err := unix.Sethostname([]byte(n.Name)); err != nil {
		return err
	}
	if err := ownMounts(); err != nil {
		return err
	}
	// The kubelet wants these settings of the whole machine and stops if it can't have them:
	// it sees what it wants, and the machine's stay as they are.
	for name, value := range map[string]string{"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"} {
		if err := bindFile(value+"\n", filepath.Join(n.Dir, "sysctl", filepath.Base(name)), "/proc/sys/"+name); err != nil {
			return err
		}
	}
	if err := group.OnThread(func() error { return ownCgroups(n.Cgroup) }); err != nil {
		return err
	}
	if err := os.RemoveAll(n.disk("run")); err != nil {
		return err
	}
	for name, target := range map[string]string{
		"run":        "/run",
		"kubelet":    "/var/lib/kubelet",
		"containerd": "/var/lib/containerd",
		"cni":        "/var/lib/cni",
		"pods":       "/var/log/pods",
		"containers": "/var/log/containers",
	} {
		if err := bind(n.disk(name), target); err != nil {
			return err
		}
	}
	// Volumes that the kubelet mounts must be seen by containers.
	if err := mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return err
	}
	return nodeNetwork(NodeAddress(n.Number))
}

func (n Node) disk(name string) string { return filepath.Join(n.Dir, name) }

func (n Node) key(file string) string { return filepath.Join(n.Keys, file) }

// write writes a configuration file of the node.
func (n Node) write(name, text string) (string, error) {
	path := n.disk(name)
	return path, os.WriteFile(path, []byte(strings.TrimPrefix(text, "\n")), 0o644)
}

const runtimeSocket = "/run/containerd/containerd.sock"

func (n Node) startRuntime(group *process.Group) error {
	network := n.disk("net.d")
	if err := os.MkdirAll(network, 0o755); err != nil {
		return err
	}
	if _, err := n.write("net.d/10-bridge.conflist", fmt.Sprintf(`
{"cniVersion": "1.0.0", "name": "bridge", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
`, podSubnet(n.Number))); err != nil {
		return err
	}
	config, err := n.write("containerd.toml", fmt.Sprintf(`
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  enable_unprivileged_ports = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`, n.Pause, filepath.Join(n.Runtime, "usr/lib/cni"), network))
	if err != nil {
		return err
	}
	bin := filepath.Join(n.Runtime, "usr/bin")
	sbin := filepath.Join(n.Runtime, "usr/sbin")
	path := strings.Join([]string{bin, sbin, os.Getenv("PATH"), "/usr/sbin", "/sbin"}, ":")
	if err := os.Setenv("PATH", path); err != nil {
		return err
	}
	if _, err := group.Start(n.Name+"-containerd", exec.Command(filepath.Join(bin, "containerd"), "--config", config)); err != nil {
		return err
	}
	for range 300 {
		if exec.Command(filepath.Join(bin, "ctr"), "version").Run() == nil {
			return n.importImages(filepath.Join(bin, "ctr"))
		}
		select {
		case failed := <-group.Failure():
			return failed
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("containerd is not ready after 30 s")
}

func (n Node) importImages(ctr string) error {
	for _, image := range n.Images {
		if out, err := exec.Command(ctr, "--namespace", "k8s.io", "images", "import", image).CombinedOutput(); err != nil {
			return fmt.Errorf("import %s: %w\n%s", image, err, out)
		}
	}
	return nil
}

func (n Node) startKubelet(group *process.Group) error {
	kubeconfig, serving := n.Credentials()
	resolv, err := n.write("resolv.conf", "nameserver "+HostAddress+"\n")
	if err != nil {
		return err
	}
	config, err := n.write("kubelet.yaml", fmt.Sprintf(`
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix://%s
clusterDNS: [%s]
clusterDomain: cluster.local
resolvConf: %s
address: %s
tlsCertFile: %s
tlsPrivateKeyFile: %s
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %s}}
authorization: {mode: Webhook}
oomScoreAdj: 0
failSwapOn: false
maxPods: 200
serializeImagePulls: false
evictionHard: {memory.available: 100Mi, nodefs.available: 1%%, nodefs.inodesFree: 1%%, imagefs.available: 1%%}
imageGCHighThresholdPercent: 100
nodeStatusUpdateFrequency: 4s
`, runtimeSocket, HostAddress, resolv, NodeAddress(n.Number), n.key(serving+".crt"), n.key(serving+".key"), n.key("ca.crt")))
	if err != nil {
		return err
	}
	_, err = group.Start(n.Name+"-kubelet", exec.Command(n.Kube, "kubelet",
		"--config="+config,
		"--kubeconfig="+n.key(kubeconfig+".kubeconfig"),
		"--hostname-override="+n.Name,
		"--node-ip="+NodeAddress(n.Number),
		// Each node is a zone, so that what is spread over zones is spread.
		"--node-labels=topology.kubernetes.io/zone=zone-"+fmt.Sprint(n.Number),
	))
	return err
}

func (n Node) startProxy(group *process.Group) error {
	config, err := n.write("proxy.yaml", fmt.Sprintf(`
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: %s}
mode: nftables
hostnameOverride: %s
clusterCIDR: %s
oomScoreAdj: 0
bindAddress: %s
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`, n.key("proxy.kubeconfig"), n.Name, plane.PodRange, NodeAddress(n.Number)))
	if err != nil {
		return err
	}
	_, err = group.Start(n.Name+"-proxy", exec.Command(n.Kube, "kube-proxy", "--config="+config))
	return err
}
