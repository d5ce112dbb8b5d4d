package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

var (
	errClosed = fault.Define(fault.Conflict, "faulttest.closed", "incident {id} is closed", "sự cố {id} đã đóng")
	errField  = fault.Define(fault.Invalid, "faulttest.field", "must be positive", "phải lớn hơn 0")
)

func TestFaultThroughWrapping(t *testing.T) {
	cause := errors.New("row is gone")
	err := fmt.Errorf("close: %w", errClosed.With("id", 7).Because(cause))
	if !fault.Is(err, errClosed) || fault.Is(err, errField) || !errors.Is(err, cause) || fault.KindOf(err) != fault.Conflict {
		t.Fatalf("%v", err)
	}
	f, _ := fault.As(err)
	if f.In(msg.Vi) != "sự cố 7 đã đóng" || f.In(msg.En) != "incident 7 is closed" {
		t.Fatal(f.In(msg.Vi), f.In(msg.En))
	}
	if !errors.Is(err, errClosed.With()) {
		t.Fatal("errors.Is does not see the definition")
	}
}

func TestPlainErrorIsInternal(t *testing.T) {
	if fault.KindOf(errors.New("x")) != fault.Internal {
		t.Fatal("a plain error is not internal")
	}
}

func TestFieldsAreNamed(t *testing.T) {
	err := errClosed.With("id", 1).At("tasks[0].due", errField.With())
	if got := err.Error(); got != "faulttest.closed: incident 1 is closed; tasks[0].due: must be positive" {
		t.Fatal(got)
	}
}

func TestDefiningTwicePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("the second definition was taken")
		}
	}()
	fault.Define(fault.Invalid, "faulttest.closed", "x", "x")
}
