package flood

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

//go:embed data/*.csv
var files embed.FS

// Class is one class of rain, intensity or depth.
type Class struct {
	ID       string
	Title    msg.Text
	Severity int
	Token    string // colour of the UI

	hours     int
	above     float64 // mm
	inclusive bool
	from      time.Time
}

// AlarmLevels holds the official alarm levels of a river station, in metres.
type AlarmLevels struct {
	Thing     string
	BD        [3]float64
	Confirmed bool
	Source    string
	From      time.Time
}

// Record is the highest level known at a station.
type Record struct {
	Value  float64 `json:"value"` // m
	At     string  `json:"at"`    // a date or a year
	Source string  `json:"source"`
}

// Hotspot is a place where citizens reported water on the street.
type Hotspot struct {
	Address        string
	Days, Reports  int
	First, Last    string // dates
	DeepestCm, Avg float64
	Lon, Lat       float64
}

// tables are the dated rows that the service judges by.
type tables struct {
	rain, intensity, depth []Class // ascending within hours and from
	alarms                 []AlarmLevels
	records                map[string]Record
	settings               map[string][]setting
	hotspots               []Hotspot
}

type setting struct {
	from  time.Time
	value float64
}

func loadTables(fsys fs.FS) (*tables, error) {
	t := &tables{records: map[string]Record{}, settings: map[string][]setting{}}
	for name, into := range map[string]*[]Class{"rain_classes": &t.rain, "intensity_classes": &t.intensity, "depth_classes": &t.depth} {
		err := each(fsys, "data/"+name+".csv", func(r record) error {
			*into = append(*into, Class{
				ID: r.text("id"), Title: msg.Text{Vi: r.text("vi"), En: r.text("en")}, Severity: int(r.number("severity")), Token: r.text("token"),
				hours: int(r.number("hours")), above: r.number("mm"), inclusive: r.text("compare") == "ge", from: r.date("valid_from"),
			})
			return r.err()
		})
		if err != nil {
			return nil, err
		}
	}
	err := each(fsys, "data/alarm_levels.csv", func(r record) error {
		a := AlarmLevels{
			Thing: r.text("thing"), BD: [3]float64{r.number("bd1"), r.number("bd2"), r.number("bd3")},
			Confirmed: r.text("status") == "confirmed", Source: r.text("source"), From: r.date("valid_from"),
		}
		if !(a.BD[0] < a.BD[1] && a.BD[1] < a.BD[2]) {
			return fmt.Errorf("alarm levels of %s do not ascend", a.Thing)
		}
		t.alarms = append(t.alarms, a)
		return r.err()
	})
	if err != nil {
		return nil, err
	}
	err = each(fsys, "data/records.csv", func(r record) error {
		if v := r.number("level"); v > t.records[r.text("thing")].Value {
			t.records[r.text("thing")] = Record{Value: v, At: r.text("date"), Source: r.text("source")}
		}
		return r.err()
	})
	if err != nil {
		return nil, err
	}
	err = each(fsys, "data/settings.csv", func(r record) error {
		t.settings[r.text("name")] = append(t.settings[r.text("name")], setting{r.date("valid_from"), r.number("value")})
		return r.err()
	})
	if err != nil {
		return nil, err
	}
	err = each(fsys, "data/hotspots.csv", func(r record) error {
		t.hotspots = append(t.hotspots, Hotspot{
			Address: r.text("address"), Days: int(r.number("days")), Reports: int(r.number("reports")), First: r.text("first"), Last: r.text("last"),
			DeepestCm: r.number("depth_max_cm"), Avg: r.number("depth_avg_cm"), Lon: r.number("lon"), Lat: r.number("lat"),
		})
		return r.err()
	})
	return t, err
}

// heldAt keeps the rows of the newest version at or before at; before the
// first version, which is older than any of our data, that one.
func heldAt(cs []Class, hours int, at time.Time) []Class {
	var version time.Time
	for _, c := range cs {
		if c.hours == hours && !c.from.After(at) && c.from.After(version) {
			version = c.from
		}
	}
	return slices.DeleteFunc(slices.Clone(cs), func(c Class) bool { return c.hours != hours || !c.from.Equal(version) })
}

// classify returns the last class that v (mm) reaches.
func classify(cs []Class, v float64) (Class, bool) {
	var best Class
	found := false
	for _, c := range cs {
		if v > c.above || (c.inclusive && v >= c.above) {
			best, found = c, true
		}
	}
	return best, found
}

func (t *tables) alarm(thing string, at time.Time) *AlarmLevels {
	var best *AlarmLevels
	for i := range t.alarms {
		a := &t.alarms[i]
		if a.Thing == thing && (best == nil || (a.From.After(best.From) && !a.From.After(at))) {
			best = a
		}
	}
	return best
}

func (t *tables) setting(name string, at time.Time) float64 {
	v := 0.0
	for i, s := range t.settings[name] {
		if i == 0 || !s.from.After(at) {
			v = s.value
		}
	}
	return v
}

// record is one line of a table; the first field that cannot be read is kept.
type record struct {
	col    map[string]int
	fields []string
	wrong  *error
}

func (r record) text(name string) string {
	i, ok := r.col[name]
	if !ok {
		*r.wrong = fmt.Errorf("column %s is missing", name)
		return ""
	}
	return r.fields[i]
}

func (r record) number(name string) float64 {
	v, err := strconv.ParseFloat(r.text(name), 64)
	if err != nil && *r.wrong == nil {
		*r.wrong = fmt.Errorf("%s: %q is no number", name, r.text(name))
	}
	return v
}

func (r record) date(name string) time.Time {
	d, err := time.ParseInLocation("2006-01-02", r.text(name), caltime.Zone)
	if err != nil && *r.wrong == nil {
		*r.wrong = fmt.Errorf("%s: %q is no date", name, r.text(name))
	}
	return d
}

func (r record) err() error { return *r.wrong }

func each(fsys fs.FS, name string, f func(record) error) error {
	file, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if len(rows) == 0 {
		return fmt.Errorf("read %s: it is empty", name)
	}
	col := map[string]int{}
	for i, h := range rows[0] {
		col[h] = i
	}
	for i, fields := range rows[1:] {
		var wrong error
		if err := f(record{col, fields, &wrong}); err != nil {
			return fmt.Errorf("read %s, line %d: %w", name, i+2, err)
		}
	}
	return nil
}
