package notify

import (
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/msg"
)

func TestAnAddressInsideIsSaidInTheReadersLanguage(t *testing.T) {
	var guard *connector.Guard // public addresses only
	client := guard.Client(time.Second)
	_, err := client.Get("http://127.0.0.1:9/hook")
	if err == nil {
		t.Fatal("an address inside was dialled")
	}
	trouble := reveal(err)
	if trouble != troubleInside || strings.Contains(troubleIn(trouble, msg.Vi), "public") {
		t.Errorf("%q, %q", trouble, troubleIn(trouble, msg.Vi))
	}
}
