package engine

import (
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
)

// A resolver is a DNS server that knows IPv4 addresses, as the cluster's does.
type resolver struct {
	address string

	mu    sync.Mutex
	names map[string][]string
}

// newResolver starts a DNS server that knows no name yet.
func newResolver(t *testing.T) *resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r := &resolver{address: conn.LocalAddr().String(), names: map[string][]string{}}
	go func() {
		query := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(r.answer(query[:n]), from)
		}
	}()
	return r
}

// set says which addresses a name has; without any there is no such name.
func (r *resolver) set(name string, addresses ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[name] = addresses
}

// answer is a response (RFC 1035) to a query with one question.
func (r *resolver) answer(query []byte) []byte {
	const header, typeA = 12, 1
	var labels []string
	end := header
	for query[end] > 0 {
		next := end + 1 + int(query[end])
		labels = append(labels, string(query[end+1:next]))
		end = next
	}
	end++ // the root
	kind := binary.BigEndian.Uint16(query[end:])
	end += 4 // type and class

	r.mu.Lock()
	addresses := r.names[strings.ToLower(strings.Join(labels, "."))]
	r.mu.Unlock()
	flags := uint16(0x8400) // an authoritative response
	if len(addresses) == 0 {
		flags |= 3 // no such name
	}
	if kind != typeA {
		addresses = nil
	}
	response := append([]byte{}, query[:2]...)
	for _, n := range []int{int(flags), 1, len(addresses), 0, 0} {
		response = binary.BigEndian.AppendUint16(response, uint16(n))
	}
	response = append(response, query[header:end]...)
	for _, address := range addresses {
		// The name of the question, type A, class IN, 5 seconds, 4 bytes.
		response = append(response, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 5, 0, 4)
		response = append(response, net.ParseIP(address).To4()...)
	}
	return response
}
