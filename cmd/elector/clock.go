package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// A moment is a point in time on two clocks, because neither alone knows for how long a process was away. The one that
// counts from the machine's start goes on while the machine sleeps, and may stand still while a virtual one is paused or
// moved. The calendar knows that afterwards, but it is set forwards and backwards.
type moment struct {
	boot time.Duration
	wall time.Time
}

// until is the time from m to a later moment: what the clock says that has gone further. So a clock that is set
// backwards changes nothing, and one that is set forwards makes a term end too early and never too late.
func (m moment) until(later moment) time.Duration {
	return max(later.boot-m.boot, later.wall.Sub(m.wall))
}

// A clock says what time it is.
type clock interface{ now() moment }

// machineClock is the machine's.
type machineClock struct{}

func (machineClock) now() moment {
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		// Linux has had this clock since 2.6.39.
		panic(err)
	}
	// Round takes the reading away that Go would compare instead of the calendar's.
	return moment{time.Duration(boot.Nano()), time.Now().Round(0)}
}
