package main

import "sync"

// An observation is what an elector knows of the Lease, whoever holds it.
type observation struct {
	lock   sync.Mutex
	seen   bool
	at     moment
	holder string

	terms, lost, renewals, failures int
}

func (o *observation) saw(at moment, holder string) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.seen, o.at, o.holder = true, at, holder
}

func (o *observation) renewed() { o.count(&o.renewals) }
func (o *observation) failed()  { o.count(&o.failures) }
func (o *observation) began()   { o.count(&o.terms) }
func (o *observation) losing()  { o.count(&o.lost) }

func (o *observation) count(what *int) {
	o.lock.Lock()
	defer o.lock.Unlock()
	*what++
}

// last is who held the Lease when it was seen last, and whether it has ever been.
func (o *observation) last() (at moment, holder string, seen bool) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.at, o.holder, o.seen
}

// counts are how often the pod began to lead and lost the Lease, and how many renewals succeeded and requests failed.
func (o *observation) counts() (terms, lost, renewals, failures int) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.terms, o.lost, o.renewals, o.failures
}
