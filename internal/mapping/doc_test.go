package mapping

import (
	"os"
	"strings"
	"testing"
)

// TestDocsNameEveryFunction holds the reference page to the language.
func TestDocsNameEveryFunction(t *testing.T) {
	b, err := os.ReadFile("../../docs/connector/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Functions() {
		if !strings.Contains(string(b), "`"+f.Name+"`") && !strings.Contains(string(b), "`"+f.Signature+"`") {
			t.Errorf("docs/connector/mapping.md does not name %s", f.Name)
		}
	}
}
