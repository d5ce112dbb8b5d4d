package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const top = "../.."

// markdown lists the project's own documents.
func markdown(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "bin" || d.Name() == "data" && filepath.Dir(p) == top || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(p, ".md") {
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)

func TestLinksInDocsLeadSomewhere(t *testing.T) {
	for _, p := range markdown(t) {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") || strings.HasPrefix(m[1], "/") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", p, m[1])
			}
		}
	}
}

var named = regexp.MustCompile("`((?:internal|cmd|docs|test|bench|web|templates)/[a-zA-Z0-9_./-]+)`")

func TestPathsInDocsExist(t *testing.T) {
	for _, p := range markdown(t) {
		if strings.Contains(p, "/decisions/") || strings.HasSuffix(p, "CHANGELOG.md") {
			continue // history may name what is gone
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			if _, err := os.Stat(filepath.Join(top, m[1])); err != nil && !generated(m[1]) {
				t.Errorf("%s names %s, which is not there", p, m[1])
			}
		}
	}
}

func generated(p string) bool {
	return strings.HasPrefix(p, "web/dist") || strings.HasPrefix(p, "bench/last")
}

var identifier = regexp.MustCompile("`([a-z/]+)\\.([A-Z][A-Za-z0-9]*)`")

func TestGlossaryIdentifiersExist(t *testing.T) {
	b, err := os.ReadFile(top + "/docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	found := identifier.FindAllStringSubmatch(string(b), -1)
	if len(found) < 10 {
		t.Fatalf("only %d identifiers found; has the glossary changed its form?", len(found))
	}
	exported := map[string]map[string]bool{}
	for _, m := range found {
		pkg, name := m[1], m[2]
		if exported[pkg] == nil {
			exported[pkg] = exports(t, top+"/internal/"+pkg)
		}
		if !exported[pkg][name] {
			t.Errorf("the glossary names %s.%s, which does not exist", pkg, name)
		}
	}
}

func exports(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil || len(files) == 0 {
		t.Errorf("no package at %s", dir)
		return names
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range s.Names {
							names[n.Name] = true
						}
					}
				}
			}
		}
	}
	return names
}
