package retry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"openioc.org/ioc/internal/retry"
)

var errDown = errors.New("down")

func TestBackoff_GrowsToItsMaximum(t *testing.T) {
	b := retry.Backoff{First: time.Second, Max: 10 * time.Second}
	for i, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		want *= time.Second
		if got := b.Next(); got > want || got < want*3/4 {
			t.Errorf("pause %d is %v, want within a quarter below %v", i, got, want)
		}
	}
	for range 100 {
		if got := b.Next(); got <= 0 || got > 10*time.Second {
			t.Fatalf("pause %v after %d failures", got, b.Failures())
		}
	}
	b.Reset()
	if got := b.Next(); got > time.Second {
		t.Errorf("pause %v after Reset", got)
	}
}

func TestDo_RepeatsUntilSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, calls := time.Now(), 0
		err := retry.Do(t.Context(), retry.Backoff{First: time.Second}, func(context.Context) error {
			if calls++; calls < 4 {
				return errDown
			}
			return nil
		})
		if err != nil || calls != 4 {
			t.Fatalf("%v after %d calls", err, calls)
		}
		if took := time.Since(start); took > 7*time.Second || took < 5*time.Second {
			t.Errorf("took %v, want 1+2+4 s less a quarter at most", took)
		}
	})
}

func TestDo_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := retry.Do(ctx, retry.Backoff{}, func(context.Context) error { return errDown })
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errDown) {
			t.Errorf("%v, want both the deadline and the last error", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

func TestDo_GivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		err := retry.Do(t.Context(), retry.Backoff{Attempts: 3}, func(context.Context) error { calls++; return errDown })
		if calls != 3 || !errors.Is(err, errDown) {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

func TestDo_PermanentEndsAtOnce(t *testing.T) {
	calls := 0
	err := retry.Do(t.Context(), retry.Backoff{}, func(context.Context) error {
		calls++
		return fmt.Errorf("pull: %w", retry.Permanent(errDown))
	})
	if calls != 1 || !errors.Is(err, errDown) {
		t.Errorf("%v after %d calls", err, calls)
	}
	if retry.Permanent(nil) != nil {
		t.Error("Permanent(nil) is an error")
	}
}

func ExampleDo() {
	tries := 0
	err := retry.Do(context.Background(), retry.Backoff{First: time.Millisecond}, func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	fmt.Println(tries, err)
	// Output: 3 <nil>
}
