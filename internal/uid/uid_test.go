package uid_test

import (
	"testing"
	"time"

	"openioc.org/ioc/internal/uid"
)

func TestLaterIdsSortLater(t *testing.T) {
	seen := map[string]bool{}
	prev := ""
	for i := range 2000 {
		id := uid.New(time.UnixMilli(1_600_000_000_000 + int64(i)*7))
		if len(id) != 26 || seen[id] || id <= prev {
			t.Fatalf("%q after %q", id, prev)
		}
		seen[id], prev = true, id
	}
	if at := time.Unix(1_600_000_000, 0); uid.New(at) == uid.New(at) {
		t.Fatal("two ids of one instant are equal")
	}
}

func TestSecretIsNeverShort(t *testing.T) {
	if len(uid.Secret(1)) < 25 || uid.Secret(32) == uid.Secret(32) {
		t.Fatal("weak secret")
	}
}
