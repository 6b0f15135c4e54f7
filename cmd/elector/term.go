package main

import (
	"sync"
	"time"
)

// A term is the time for which one process leads: from when it gets the Lease until validity has passed since it sent
// the last renewal that succeeded. What has ended stays so; leading again is another term, with another token.
type term struct {
	clock    clock
	validity time.Duration

	lock  sync.Mutex
	begun bool
	ended bool
	sent  moment
	token int64
}

// renew says that the Lease was got or renewed, by a request that was sent then. It has no effect on a term that has
// ended meanwhile.
func (t *term) renew(sent moment, token int64) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.over() {
		return
	}
	t.begun, t.sent, t.token = true, sent, token
}

// end ends the term.
func (t *term) end() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.ended = true
}

// lose ends the term if it has begun.
func (t *term) lose() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.ended = t.ended || t.begun
}

// isOver says whether the term has ended, or had no renewal in time.
func (t *term) isOver() bool {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.over()
}

func (t *term) over() bool {
	if t.begun && t.sent.until(t.clock.now()) >= t.validity {
		t.ended = true
	}
	return t.ended
}

// last is the token of the term, whether it goes on or is over; there is none if it never began.
func (t *term) last() (token int64, begun bool) {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.token, t.begun
}

// leading gives the token and the time that is left, if the process leads at this moment.
func (t *term) leading() (token int64, left time.Duration, ok bool) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if !t.begun || t.over() {
		return 0, 0, false
	}
	left = t.validity - t.sent.until(t.clock.now())
	return t.token, left, left > 0
}
