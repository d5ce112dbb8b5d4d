package incident

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/store"
)

// cellSize is the side of the grid in degrees: a little more than nearKm, so
// that what is near lies in the same cell or one beside it.
const cellSize = 0.03

func cellOf(lon, lat *float64) string {
	if lon == nil || lat == nil {
		return ""
	}
	return cellName(int(math.Floor(*lon/cellSize)), int(math.Floor(*lat/cellSize)))
}

func cellName(x, y int) string { return strconv.Itoa(x) + ":" + strconv.Itoa(y) }

// cellsAround are the nine cells at a place; none without a place.
func cellsAround(lon, lat *float64) []string {
	if lon == nil || lat == nil {
		return nil
	}
	x, y := int(math.Floor(*lon/cellSize)), int(math.Floor(*lat/cellSize))
	out := make([]string, 0, 9)
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			out = append(out, cellName(x+dx, y+dy))
		}
	}
	return out
}

// known is an alert as this package knows it from facts.
type known struct {
	alertevent.Alert
	incident  string
	candidate string
	seen      bool // looked at for a proposal
	refused   bool // somebody dismissed a proposal of it
}

func (k *known) open() bool {
	return k.State != "closed" && k.Verdict != "false" && k.Verdict != "duplicate"
}

func (k *known) ref() AlertRef {
	return AlertRef{ID: k.ID, Number: k.Number, Title: k.Title, Severity: k.Severity, State: k.State, Active: k.Active, Since: k.Since,
		Place: k.Place, Lon: k.Lon, Lat: k.Lat}
}

const knownColumns = "select a.doc, a.incident, a.candidate, a.seen, a.refused from incident_alert a "

func scanKnown(scan store.Scan) (k known, err error) {
	var doc string
	var seen, refused int
	if err := scan(&doc, &k.incident, &k.candidate, &seen, &refused); err != nil {
		return k, err
	}
	k.seen, k.refused = seen == 1, refused == 1
	return k, json.Unmarshal([]byte(doc), &k.Alert)
}

// putKnown keeps what a fact says; it leaves no trace, because the fact is
// one. Evidence of the alert's labels is not needed here.
func putKnown(tx *store.Tx, k *known) error {
	kept := k.Alert
	kept.Labels = nil
	doc, err := marshal(kept)
	if err != nil {
		return err
	}
	_, err = tx.Mark(`insert into incident_alert (id, incident, candidate, seen, refused, open, suppressed, service, area, cell, raised_at, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (id) do update set incident = excluded.incident, candidate = excluded.candidate, seen = excluded.seen, refused = excluded.refused,
		open = excluded.open, suppressed = excluded.suppressed, service = excluded.service, area = excluded.area, cell = excluded.cell, raised_at = excluded.raised_at, doc = excluded.doc`,
		k.ID, k.incident, k.candidate, k.seen, k.refused, k.open(), k.Suppressed, k.Service, k.Area, cellOf(k.Lon, k.Lat), k.RaisedAt, doc)
	return err
}

func readKnown(tx *store.Tx, id string) (known, bool, error) {
	return store.One(tx, scanKnown, knownColumns+"where a.id = $1", id)
}

func alertsOf(tx *store.Tx, incident string) ([]known, error) {
	return store.All(tx, scanKnown, knownColumns+"where a.incident = $1 order by a.raised_at, a.id", incident)
}

func candidatesOf(tx *store.Tx, incident string, limit int) ([]known, error) {
	return store.All(tx, scanKnown, knownColumns+"where a.candidate = $1 and a.incident = '' and a.open = 1 order by a.raised_at desc, a.id limit $2", incident, limit)
}

// near is a place in space and time at which something is looked for.
type near struct {
	service, area string
	lon, lat      *float64
	since         time.Time
}

// neighbour is what a proposal needs to know of an incident; its document is
// not read, because a storm asks for it with every alert.
type neighbour struct {
	id, area string
	state    State
	lon, lat *float64
	severity alertevent.Severity
	alerts   int
}

func scanNeighbour(scan store.Scan) (n neighbour, err error) {
	return n, scan(&n.id, &n.state, &n.area, &n.lon, &n.lat, &n.severity, &n.alerts)
}

// incidentsNear lists what is open or proposed around, newest first.
func incidentsNear(tx *store.Tx, n near, limit int) ([]neighbour, error) {
	where, args := n.where(3)
	if where == "" {
		return nil, nil
	}
	return store.All(tx, scanNeighbour, "select id, state, area, lon, lat, severity, alerts from incident where state in ('open', 'proposed') and service = $1 and last_at >= $2 and "+where+
		" order by id desc limit $3", append([]any{n.service, n.since, limit}, args...)...)
}

// grown notes that a proposal has one alert more.
func grown(tx *store.Tx, id string) error {
	_, err := tx.Mark("update incident set alerts = alerts + 1, last_at = $2 where id = $1", id, tx.Now)
	return err
}

// looseNear lists the alerts around that belong to nothing.
func looseNear(tx *store.Tx, n near, limit int) ([]known, error) {
	where, args := n.where(3)
	if where == "" {
		return nil, nil
	}
	return store.All(tx, scanKnown, knownColumns+"where service = $1 and raised_at >= $2 and open = 1 and suppressed = 0 and refused = 0 and incident = '' and candidate = '' and "+where+
		" order by raised_at desc, id limit $3", append([]any{n.service, n.since, limit}, args...)...)
}

func refused(tx *store.Tx, incident, alert string) (bool, error) {
	_, ok, err := store.One(tx, scanInt, "select 1 from incident_refusal where incident = $1 and alert = $2", incident, alert)
	return ok, err
}

func refuse(tx *store.Tx, incident, alert string) error {
	_, err := tx.Exec("insert into incident_refusal (incident, alert) values ($1, $2) on conflict do nothing", incident, alert)
	return err
}
