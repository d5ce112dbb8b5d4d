package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/sensing"
)

// Concurrent calls of any size: every observation is published once, in the
// order of its call, in messages that respect the limit; a call ends with nil
// only after all of its observations were published, and with an error when
// one of its messages failed.
func TestGroups_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(900, 3100)), 1, 12).Draw(t, "sizes")
		failEvery := rapid.IntRange(0, 4).Draw(t, "fail every")
		var mu sync.Mutex
		published := map[string][]int{}
		failed := map[string]bool{}
		messages := 0
		g := newGroups(func(_ context.Context, obs []sensing.Observation) error {
			mu.Lock()
			defer mu.Unlock()
			messages++
			if len(obs) == 0 || len(obs) > groupObservations {
				t.Errorf("a message of %d observations", len(obs))
			}
			if failEvery > 0 && messages%failEvery == 0 {
				for _, o := range obs {
					failed[o.Datastream] = true
				}
				return errors.New("no")
			}
			for _, o := range obs {
				published[o.Datastream] = append(published[o.Datastream], int(o.Value))
			}
			return nil
		})
		var calls sync.WaitGroup
		for call, size := range sizes {
			calls.Add(1)
			go func() {
				defer calls.Done()
				name := fmt.Sprint(call)
				obs := make([]sensing.Observation, size)
				for i := range obs {
					obs[i] = sensing.Observation{Datastream: name, Value: float64(i)}
				}
				err := g.commit(context.Background(), obs)
				mu.Lock()
				defer mu.Unlock()
				if (err != nil) != failed[name] {
					t.Errorf("call %s: %v, failed %v", name, err, failed[name])
				}
				if err == nil && len(published[name]) != size {
					t.Errorf("call %s returned with %d of %d published", name, len(published[name]), size)
				}
			}()
		}
		calls.Wait()
		g.close()
		for name, values := range published {
			for i := 1; i < len(values); i++ {
				if values[i] <= values[i-1] {
					t.Fatalf("call %s: %d after %d", name, values[i], values[i-1])
				}
			}
		}
		if err := g.commit(context.Background(), make([]sensing.Observation, 1)); err == nil {
			t.Fatal("closed groups take observations")
		}
	})
}

func TestGroups_GatherWhileAMessageIsWritten(t *testing.T) {
	writing, release := make(chan int, 10), make(chan struct{})
	g := newGroups(func(_ context.Context, obs []sensing.Observation) error {
		writing <- len(obs)
		<-release
		return nil
	})
	var calls sync.WaitGroup
	send := func() {
		calls.Add(1)
		go func() {
			defer calls.Done()
			if err := g.commit(context.Background(), make([]sensing.Observation, 1)); err != nil {
				t.Error(err)
			}
		}()
	}
	send()
	if n := <-writing; n != 1 {
		t.Fatalf("the first message holds %d", n)
	}
	for range 31 {
		send()
	}
	for {
		g.mu.Lock()
		queued := g.queued
		g.mu.Unlock()
		if queued == 31 {
			break
		}
	}
	close(release)
	if n := <-writing; n != 31 {
		t.Errorf("the second message holds %d, want the 31 that came meanwhile", n)
	}
	calls.Wait()
	g.close()
}

func TestGroups_FullQueueWaitsAndGivesUpWithItsContext(t *testing.T) {
	release := make(chan struct{})
	entered := make(chan struct{}, 1000)
	g := newGroups(func(context.Context, []sensing.Observation) error {
		entered <- struct{}{}
		<-release
		return nil
	})
	filled := make(chan error, 1)
	go func() { filled <- g.commit(context.Background(), make([]sensing.Observation, queueObservations)) }()
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	waiting := make(chan error, 1)
	go func() { waiting <- g.commit(ctx, make([]sensing.Observation, 2*queueObservations)) }()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-filled; err != nil {
		t.Error(err)
	}
	g.close()
}
