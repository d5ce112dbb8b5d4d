package board

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store/storetest"
)

// A year of two million files: every sixth was paused or got another date.
const yearOfFiles = 2_000_000

func fill(b *Board, n int) {
	r := rand.New(rand.NewPCG(1, 2))
	begin := local("2025-01-01 07:30")
	minute := int64(time.Minute / time.Microsecond)
	procs, fields, units, people := make([]string, 300), make([]string, 15), make([]string, 130), make([]string, 700)
	for _, l := range [][]string{procs, fields, units, people} {
		for i := range l {
			l[i] = fmt.Sprintf("x%03d", i)
		}
	}
	yes, no := true, false
	for i := range n {
		received := begin.UnixMicro() + int64(float64(i)/float64(n)*365*24*60)*minute
		due := received + int64(3+r.IntN(20))*24*60*minute
		l := casework.Line{N: int64(i + 1), Unit: units[r.IntN(130)], Procedure: procs[i%300], Field: fields[i%15], Channel: channels[1+r.IntN(3)], Officer: people[r.IntN(700)],
			Received: received, Due: due, State: casework.Processing, Plain: true, Digitized: &no}
		if r.IntN(10) > 0 {
			l.Ended, l.State, l.Outcome, l.Digitized = received+int64(r.IntN(25))*24*60*minute, casework.Finished, casework.Early, &yes
			if l.Ended > due {
				l.Outcome = casework.Late
			}
		}
		if i%6 == 0 {
			at := func(days int64) time.Time { return time.UnixMicro(received + days*24*60*minute).UTC() }
			l.Plain = false
			l.Turns = []casework.Turn{{At: at(0), State: casework.Processing}, {At: at(2), State: casework.Paused}, {At: at(5), State: casework.Processing}}
			l.Dues = []casework.Deadline{{Due: time.UnixMicro(due).UTC(), From: at(0)}, {Due: time.UnixMicro(due + 5*24*60*minute).UTC(), From: at(5)}}
			if l.Ended != 0 {
				l.Turns = append(l.Turns, casework.Turn{At: time.UnixMicro(l.Ended).UTC(), State: casework.Finished})
			}
		}
		b.c.put(&l)
	}
	b.c.ready = true
}

// cpu is the processor time used so far: what counts on a machine that others
// use too.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The board of a year at an instant in it, on two cores; p95 of the questions,
// and what a file costs in memory.
func BenchmarkBoard(b *testing.B) {
	clk := clock.Manual(local("2025-11-20 09:00"))
	s := newCases(b, storetest.SQLite(b, clk), clk)
	var m0, m1 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	fill(s, yearOfFiles)
	runtime.GC()
	runtime.ReadMemStats(&m1)
	perFile := float64(m1.HeapAlloc-m0.HeapAlloc) / yearOfFiles
	leader := access.Actor{ID: "l", Roles: []access.Role{access.Leader}}
	asks := []Ask{
		{By: ByUnit, From: local("2025-01-01 00:00"), To: local("2026-01-01 00:00")}, {By: ByProcedure, From: local("2025-01-01 00:00"), To: local("2025-11-20 00:00")},
		{By: ByOfficer, From: local("2025-01-01 00:00")}, {By: ByField}, {By: ByUnit, At: local("2025-06-15 10:00")}, {By: ByChannel, Unit: "x007"},
	}
	var took []time.Duration
	i, used := 0, cpu()
	for b.Loop() {
		begun := time.Now()
		sheet, err := s.Count(b.Context(), leader, asks[i%len(asks)])
		if err != nil || len(sheet.Rows) == 0 {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
		i++
	}
	b.ReportMetric(float64((cpu()-used).Milliseconds())/float64(i)/2, "cpu-ms-on-2-cores")
	slices.Sort(took)
	b.ReportMetric(float64(took[min(len(took)*95/100, len(took)-1)].Milliseconds()), "p95-ms")
	b.ReportMetric(perFile, "B/file")
}
