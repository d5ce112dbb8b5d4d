// Package arch holds the import graph: an import points down, and packages of
// one height do not import each other.
package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const root = "openioc.org/ioc/"

// height gives each package its place. Bands: leaves 0–9, platform 10–19,
// contracts 20–29, engines 30–39, domains 50, edges 55–69, app 90.
var height = map[string]int{
	"internal/msg": 0, "internal/clock": 0, "internal/uid": 0, "internal/vi": 0, "internal/geo": 0, "internal/retry": 0,
	"internal/fault":  1,
	"internal/access": 2, "internal/caltime": 2, "internal/personal": 2,

	"internal/config": 10, "internal/store": 11, "internal/bus": 12, "internal/blob": 12, "internal/outbox": 13,
	"internal/httpapi": 14, "internal/live": 15,

	"internal/sensing": 20, "internal/layer": 22, "internal/figure": 23, "internal/connector": 24, "templates": 24,
	"internal/alert/alertevent": 21, "internal/incident/incidentevent": 22,

	"internal/series": 30, "internal/decode": 30, "internal/audit": 31, "internal/catalog": 32, "internal/city": 32,
	"internal/org": 33, "internal/workcal": 33, "internal/identity": 34,
	"internal/attachment": 34, "internal/notify": 34, "internal/duty": 35,
	"internal/source": 34, "internal/mapping": 35, "internal/ingest": 36,
	"internal/connector/": 38, "internal/readiness": 38, "internal/connector/all": 39, "internal/supervise": 40,

	"internal/flood": 50, "internal/indicator": 50, "internal/station": 50,
	"internal/rule": 50, "internal/alert": 50, "internal/incident": 50, "internal/casework": 50,
	"internal/scenario": 55,

	"internal/sta": 60, "internal/promapi": 60, "internal/basemap": 60, "web": 60, "internal/api": 62,

	"internal/app": 90, "internal/cli": 95, "cmd/ioc": 99, "internal/arch": 99,
}

// owner returns the key that speaks for an import path: the longest that is
// the path itself, a parent of it, or, ending in "/", a folder of siblings.
func owner(path string) (name string, ok bool) {
	rel, ok := strings.CutPrefix(path, root)
	if !ok {
		return "", false
	}
	for k := range height {
		if (rel == k || strings.HasPrefix(rel, strings.TrimSuffix(k, "/")+"/")) && len(k) > len(name) {
			name = k
		}
	}
	return name, true
}

func TestImportsPointDown(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", root+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	used := map[string]bool{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, root+"bench") || strings.HasPrefix(p.ImportPath, root+"test") ||
			strings.HasSuffix(p.ImportPath, "test") && !strings.HasPrefix(p.ImportPath, root+"cmd") {
			continue // measuring and test-support programs may use anything
		}
		from, _ := owner(p.ImportPath)
		if from == "" {
			t.Errorf("%s is in no layer", p.ImportPath)
			continue
		}
		used[from] = true
		for _, imp := range p.Imports {
			to, ours := owner(imp)
			if !ours || p.ImportPath == imp {
				continue
			}
			if to == from && !strings.HasSuffix(from, "/") {
				continue // a package and its own inner packages
			}
			if height[to] >= height[from] {
				t.Errorf("%s (height %d) imports %s (height %d)", p.ImportPath, height[from], imp, height[to])
			}
		}
	}
	for name := range height {
		if !used[name] && name != "internal/arch" {
			t.Errorf("height names %s, which is gone", name)
		}
	}
}
