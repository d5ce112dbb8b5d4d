package attachment

import (
	"database/sql"
	"strings"
	"time"

	"openioc.org/ioc/internal/store"
)

const columns = "id, name, type, size, sha256, width, height, lon, lat, by_id, by_name, unit, at, used"

func scanFile(scan store.Scan) (f File, err error) {
	var lon, lat sql.NullFloat64
	var at int64
	var used int
	err = scan(&f.ID, &f.Name, &f.Type, &f.Size, &f.SHA256, &f.Width, &f.Height, &lon, &lat, &f.By.ID, &f.By.Name, &f.unit, &at, &used)
	f.At, f.used = store.FromMicros(at), used == 1
	if lon.Valid && lat.Valid {
		f.Position = &Position{Lon: lon.Float64, Lat: lat.Float64}
	}
	return f, err
}

func insertFile(tx *store.Tx, f File) error {
	var lon, lat any
	if f.Position != nil {
		lon, lat = f.Position.Lon, f.Position.Lat
	}
	_, err := tx.Exec("insert into attachment ("+columns+") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)",
		f.ID, f.Name, f.Type, f.Size, f.SHA256, f.Width, f.Height, lon, lat, f.By.ID, f.By.Name, f.unit, f.At)
	return err
}

func readFile(tx *store.Tx, id string) (File, bool, error) {
	return store.One(tx, scanFile, "select "+columns+" from attachment where id = $1", id)
}

func markUsed(tx *store.Tx, id string) error {
	_, err := tx.Mark("update attachment set used = 1 where id = $1 and used = 0", id)
	return err
}

func unusedSince(tx *store.Tx, before time.Time, limit int) ([]File, error) {
	return store.All(tx, scanFile, "select "+columns+" from attachment where used = 0 and at < $1 order by at limit $2", before, limit)
}

func deleteFile(tx *store.Tx, id string) error {
	_, err := tx.Exec("delete from attachment where id = $1", id)
	return err
}

// known returns which of the ids have a row.
func known(tx *store.Tx, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range ids {
		_, ok, err := store.One(tx, func(scan store.Scan) (n int, err error) { return n, scan(&n) }, "select 1 from attachment where id = $1", id)
		if err != nil {
			return nil, err
		}
		out[id] = ok
	}
	return out, nil
}

func validID(id string) bool {
	return len(id) == 26 && strings.Trim(id, "0123456789abcdefghjkmnpqrstvwxyz") == ""
}
