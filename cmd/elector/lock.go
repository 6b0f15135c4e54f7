package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// tokensPerSecond is how many tokens a Lease has for each second of its age.
const tokensPerSecond = 1_000_000

var errOver = errors.New("the term is over")

// A lock is the Lease, as client-go's election wants it, for one term. It does what client-go's own doesn't: it knows
// when a renewal was sent, and renews no term that is over.
type lock struct {
	leases   coordination.LeaseInterface
	name     string
	identity string
	term     *term
	observed *observation

	// lease is as the API server has given it last, or nil.
	lease *coordinationv1.Lease
}

// Get reads the Lease.
func (l *lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	lease, err := l.leases.Get(ctx, l.name, meta.GetOptions{})
	if err != nil {
		l.observed.failed()
		return nil, nil, err
	}
	l.saw(lease)
	record := resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
	raw, err := json.Marshal(record)
	return record, raw, err
}

// Create makes the Lease. It is a PUT, like Update: a Role can allow that for one name, and a POST only for all.
func (l *lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	l.lease = &coordinationv1.Lease{ObjectMeta: meta.ObjectMeta{Name: l.name}}
	return l.Update(ctx, record)
}

// Update writes the Lease, if nobody has since it was read.
func (l *lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if l.term.isOver() {
		return errOver
	}
	sent := l.term.clock.now()
	if err := l.write(ctx, record); err != nil {
		return err
	}
	l.term.renew(sent, token(l.lease))
	l.observed.renewed()
	return nil
}

func (l *lock) write(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	lease := l.lease.DeepCopy()
	lease.Spec = resourcelock.LeaderElectionRecordToLeaseSpec(&record)
	lease, err := l.leases.Update(ctx, lease, meta.UpdateOptions{})
	if err != nil {
		l.observed.failed()
		return err
	}
	l.saw(lease)
	return nil
}

// release gives the Lease back, so that others need not wait until it has expired. It reads it first: client-go would
// also give back what another one holds, if this process was paused in the middle of a renewal.
func (l *lock) release(ctx context.Context) error {
	record, _, err := l.Get(ctx)
	if err != nil {
		return err
	}
	if record.HolderIdentity != l.identity {
		return nil
	}
	now := meta.Now()
	return l.write(ctx, resourcelock.LeaderElectionRecord{
		LeaderTransitions:    record.LeaderTransitions,
		LeaseDurationSeconds: 1,
		AcquireTime:          now,
		RenewTime:            now,
	})
}

// saw remembers a Lease. A term during which another one holds it is over.
func (l *lock) saw(lease *coordinationv1.Lease) {
	if holder(lease) != l.identity {
		l.term.lose()
	}
	l.lease = lease
	l.observed.saw(l.term.clock.now(), holder(lease))
}

// RecordEvent does nothing: what happens is in the log and the metrics, and events would take a right more.
func (*lock) RecordEvent(string) {}

// Identity is that of the candidate.
func (l *lock) Identity() string { return l.identity }

// Describe names the Lease in the log.
func (l *lock) Describe() string { return fmt.Sprintf("Lease %s", l.name) }

func holder(lease *coordinationv1.Lease) string {
	if lease == nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// token is a number that is greater with every new holder, also if the Lease was deleted and made again meanwhile: the
// second in which it was made comes first.
func token(lease *coordinationv1.Lease) int64 {
	var transitions int64
	if lease.Spec.LeaseTransitions != nil {
		transitions = int64(*lease.Spec.LeaseTransitions)
	}
	return lease.CreationTimestamp.Unix()*tokensPerSecond + transitions
}
