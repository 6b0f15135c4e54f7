package generator

import "sync"

// itemsPerWorker is how many items are worth the start of one more worker.
const itemsPerWorker = 4

// spread does the work of n items with at most that many workers. Each worker
// starts by preparing what it does with the indices of its items. A panic of
// one goes on in the caller, when all have ended.
func spread(n, workers int, prepare func() (work func(i int))) {
	workers = min(workers, 1+n/itemsPerWorker)
	var wait sync.WaitGroup
	panics := make([]any, workers)
	for worker := range workers {
		wait.Go(func() {
			defer func() { panics[worker] = recover() }()
			work := prepare()
			for i := worker; i < n; i += workers {
				work(i)
			}
		})
	}
	wait.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
}
