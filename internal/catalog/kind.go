package catalog

import (
	"encoding/json"
	"fmt"
	"strings"

	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// kind describes how one sort of entity is kept: its table, whose name is
// also the entity's name in events, and how a row is written and read. The
// first column is always the id.
type kind[T any] struct {
	table string
	cols  []string
	id    func(*T) *string
	row   func(*T) ([]any, error) // values of cols
	scan  func(store.Scan) (*T, error)
	check func(*T) error
}

func (k *kind[T]) insertSQL() string {
	marks := make([]string, len(k.cols)+1)
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return "insert into " + k.table + " (id, " + strings.Join(k.cols, ", ") + ") values (" + strings.Join(marks, ", ") + ")"
}

func (k *kind[T]) updateSQL() string {
	sets := make([]string, len(k.cols))
	for i, c := range k.cols {
		sets[i] = fmt.Sprintf("%s = $%d", c, i+2)
	}
	return "update " + k.table + " set " + strings.Join(sets, ", ") + " where id = $1"
}

func (k *kind[T]) selectSQL() string {
	return "select id, " + strings.Join(k.cols, ", ") + " from " + k.table
}

// get returns nil when there is no such row.
func (k *kind[T]) get(tx *store.Tx, id string) (*T, error) {
	v, _, err := store.One(tx, k.scan, k.selectSQL()+" where id = $1", id)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", k.table, id, err)
	}
	return v, nil
}

func (k *kind[T]) all(tx *store.Tx) (map[string]*T, error) {
	list, err := store.All(tx, k.scan, k.selectSQL())
	if err != nil {
		return nil, fmt.Errorf("read every %s: %w", k.table, err)
	}
	out := make(map[string]*T, len(list))
	for _, v := range list {
		out[*k.id(v)] = v
	}
	return out, nil
}

// named gives the four columns that every named entity begins with.
func named(name, description string) []any {
	return []any{name, vi.Fold(name), vi.SortKey(name), description}
}

func properties(p map[string]any) (string, error) {
	if len(p) == 0 {
		return "", nil
	}
	b, err := json.Marshal(p)
	return string(b), err
}

func parseProperties(s string) (map[string]any, error) {
	if s == "" {
		return nil, nil
	}
	var p map[string]any
	err := json.Unmarshal([]byte(s), &p)
	return p, err
}
