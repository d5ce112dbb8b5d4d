package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	memoryEvery = 5 * time.Second
	quietBytes  = 32 << 20 // allocated within memoryEvery: less is quiet
	worthBytes  = 8 << 20  // held and unused: less is not worth a collection
)

// returnMemory gives what a burst (a backfill, an import, a long question)
// left behind back to the machine once the program is quiet. Go does it too,
// but over minutes and only down to its next collection's size; a city's
// center shares a small machine.
func returnMemory(ctx context.Context) error {
	s := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
	}
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	var before uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		metrics.Read(s)
		allocated := s[0].Value.Uint64()
		quiet := allocated-before < quietBytes
		before = allocated
		garbage := s[4].Value.Uint64() - min(s[3].Value.Uint64(), s[4].Value.Uint64())
		if quiet && s[1].Value.Uint64()+s[2].Value.Uint64()+garbage > worthBytes+quietBytes {
			debug.FreeOSMemory()
		}
	}
}
