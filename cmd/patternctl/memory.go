package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// roomy is how much memory, in bytes, the program uses before it spends time on
// using little.
const roomy = 270 << 20

// beRoomy has garbage collected seldom, as long as that leaves a third of this
// memory free. With less the program would do little but collect, so Go's usual
// pace holds from there on. GOGC and GOMEMLIMIT go before.
func beRoomy() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	usual := debug.SetGCPercent(800)
	unlimited := debug.SetMemoryLimit(roomy)
	afterCollections(func() (again bool) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if live[0].Value.Uint64() < roomy/3*2 {
			return true
		}
		debug.SetGCPercent(usual)
		debug.SetMemoryLimit(unlimited)
		return false
	})
}

// afterCollections calls f after each garbage collection until it returns false.
func afterCollections(f func() (again bool)) {
	garbage := new([16]byte)
	runtime.SetFinalizer(garbage, func(*[16]byte) {
		if f() {
			afterCollections(f)
		}
	})
}
