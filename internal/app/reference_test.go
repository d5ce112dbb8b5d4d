package app_test

import (
	"os"
	"testing"

	"openioc.org/ioc/internal/app"
)

func TestReferencesCurrent(t *testing.T) {
	for path, text := range map[string]string{
		"../../docs/reference/errors.md":      app.ErrorReference(),
		"../../docs/reference/permissions.md": app.PermissionReference(),
	} {
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Errorf("%s is not current; run make gen (%v)", path, err)
		}
	}
}
