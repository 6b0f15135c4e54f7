package nested

import (
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
)

// The cluster's own network: a bridge that the control plane listens on and that every node has a cable to.
const (
	// HostAddress is the control plane's.
	HostAddress = "10.250.0.1"

	bridge     = "br0"
	subnetBits = 24
)

// NodeAddress is that of the node with this number, counted from 1.
func NodeAddress(number int) string { return fmt.Sprintf("10.250.0.%d", 10+number) }

// podSubnet holds the addresses of a node's pods.
func podSubnet(number int) string { return fmt.Sprintf("10.244.%d.0/24", number) }

// hostNetwork makes the bridge.
func hostNetwork(address string) error {
	// Without a hardware address of its own the bridge takes that of a node, and another one when that node dies,
	// which the other nodes would have to find out first.
	hardware := net.HardwareAddr{0x02, 0, 0, 0, 0, 1}
	link := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridge, HardwareAddr: hardware}}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("add %s: %w", bridge, err)
	}
	if err := up(bridge, address); err != nil {
		return err
	}
	if err := up("lo", ""); err != nil {
		return err
	}
	return sysctls(map[string]string{
		"net/ipv4/ip_forward": "1",
		// What passes the bridge is translated in the nodes, and would be taken for something else here.
		"net/bridge/bridge-nf-call-iptables":          "0",
		"net/ipv4/conf/all/send_redirects":            "0",
		"net/ipv4/conf/" + bridge + "/send_redirects": "0",
	})
}

// cable connects the network of the process pid, which is a node's first, with the bridge.
func cable(number, pid int) error {
	master, err := netlink.LinkByName(bridge)
	if err != nil {
		return err
	}
	link := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: fmt.Sprintf("node%d", number), MasterIndex: master.Attrs().Index},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsPid(pid),
	}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("add the cable of node %d: %w", number, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	_, pods, err := net.ParseCIDR(podSubnet(number))
	if err != nil {
		return err
	}
	return netlink.RouteReplace(&netlink.Route{Dst: pods, Gw: net.ParseIP(NodeAddress(number)), LinkIndex: master.Attrs().Index})
}

// nodeNetwork makes the node's end of the cable work.
func nodeNetwork(address string) error {
	if err := up("lo", ""); err != nil {
		return err
	}
	if err := up("eth0", address); err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(HostAddress)}); err != nil {
		return fmt.Errorf("add the default route: %w", err)
	}
	return sysctls(map[string]string{
		"net/ipv4/ip_forward": "1",
		// Two pods of a node may call each other through a Service.
		"net/bridge/bridge-nf-call-iptables": "1",
	})
}

func up(name, address string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if address != "" {
		subnet := &net.IPNet{IP: net.ParseIP(address), Mask: net.CIDRMask(subnetBits, 32)}
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: subnet}); err != nil {
			return fmt.Errorf("give %s the address %s: %w", name, address, err)
		}
	}
	return netlink.LinkSetUp(link)
}

// sysctls sets the kernel's settings of this network.
func sysctls(settings map[string]string) error {
	for name, value := range settings {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
			return err
		}
	}
	return nil
}
