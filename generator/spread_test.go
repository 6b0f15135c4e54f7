package generator

import (
	"sync/atomic"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, n := range []int{0, 1, itemsPerWorker, 100} {
		for _, most := range []int{1, 2, 200} {
			done := make([]atomic.Int32, n)
			var workers atomic.Int32
			spread(n, most, func() func(int) {
				workers.Add(1)
				return func(i int) { done[i].Add(1) }
			})
			if got := int(workers.Load()); got > most || got > 1+n/itemsPerWorker {
				t.Errorf("%d items, at most %d workers: %d workers", n, most, got)
			}
			for i := range done {
				if times := done[i].Load(); times != 1 {
					t.Errorf("%d items, at most %d workers: item %d was done %d times", n, most, i, times)
				}
			}
		}
	}
}

func TestSpreadPanics(t *testing.T) {
	var done atomic.Int32
	defer func() {
		if got := recover(); got != "seven" {
			t.Errorf("recovered %v", got)
		}
		if done.Load() < 25 {
			t.Errorf("only %d of the other workers' items were done", done.Load())
		}
	}()
	spread(100, 4, func() func(int) {
		return func(i int) {
			if i == 7 {
				panic("seven")
			}
			done.Add(1)
		}
	})
}
