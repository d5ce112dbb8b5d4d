package casework

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

// DemoSystem is the id of the one-stop system of the demo.
const DemoSystem = "demo-mot-cua"

const demoName = "Một cửa điện tử (mô phỏng)"

// DemoOfficer is an account that works on made-up files.
type DemoOfficer struct{ User, Name, Unit string }

// DemoOptions say how much is made up.
type DemoOptions struct {
	Files    int    // in all of the history; 0: 22,000, some more with those sent on days off
	Months   int    // of history; 0: 8
	Seed     uint64 // the same one makes the same files
	Officers []DemoOfficer
}

// demo makes files up: what a day brings depends on the seed and the day
// alone, so that a restart goes on where it stopped.
type demo struct {
	o       DemoOptions
	cal     *workcal.Calendar
	wards   []Unit
	depts   []Unit
	weights []int
	staff   map[string][]DemoOfficer
	begin   time.Time // first day
	perDay  float64
	wardish []pick
	deptish []pick
}

type pick struct {
	field     demoField
	code      string
	procedure demoProcedure
	upTo      int
}

// RunDemo makes up the history, then goes on with what comes as the clock goes
// on. Everything is labelled synthetic. It ends with ctx.
func (s *Service) RunDemo(ctx context.Context, o DemoOptions) error {
	d, err := s.newDemo(ctx, o)
	if err != nil || d == nil {
		return err
	}
	now := s.clock.Now()
	pending, err := s.seedDemo(ctx, d, now)
	if err != nil {
		return err
	}
	day := caltime.Day(now)
	for {
		if err := s.clock.Sleep(ctx, 5*time.Second); err != nil {
			return nil
		}
		now = s.clock.Now()
		for next := day.AddDate(0, 0, 1); !next.After(now); next = next.AddDate(0, 0, 1) {
			day = next
			for _, l := range d.files(day) {
				pending = append(pending, l...)
			}
		}
		var due []Event
		pending = slices.DeleteFunc(pending, func(e Event) bool {
			if e.At.After(now) {
				return false
			}
			due = append(due, e)
			return true
		})
		slices.SortStableFunc(due, func(a, b Event) int { return a.At.Compare(b.At) })
		if err := s.importAll(ctx, due); err != nil && ctx.Err() == nil {
			s.log.Error("made-up files were not taken", "err", err)
		}
	}
}

func (s *Service) importAll(ctx context.Context, evs []Event) error {
	for len(evs) > 0 {
		k := min(len(evs), MostEvents)
		if _, err := s.Import(ctx, access.System("demo"), evs[:k]); err != nil {
			return err
		}
		evs = evs[k:]
	}
	return nil
}

// seedDemo imports what has happened until now – all of it, or since the last
// weeks when the history is there – and returns what is still to come.
func (s *Service) seedDemo(ctx context.Context, d *demo, now time.Time) (pending []Event, err error) {
	var there int64
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("select coalesce(max(received_at), 0) from case_file where system = $1", DemoSystem).Scan(&there)
	})
	if err != nil {
		return nil, err
	}
	from := d.begin
	if there != 0 { // the longest files take some months; what is there already is a repeat
		from = latest(caltime.Day(store.FromMicros(there)).AddDate(0, 0, -75), d.begin)
	}
	begun, taken := time.Now(), 0
	var past []Event
	for day := from; !day.After(now); day = day.AddDate(0, 0, 1) {
		for _, l := range d.files(day) {
			for _, e := range l {
				if e.At.After(now) {
					pending = append(pending, e)
				} else {
					past = append(past, e)
				}
			}
		}
		for len(past) >= MostEvents {
			if err := s.importAll(ctx, past[:MostEvents]); err != nil {
				return nil, err
			}
			past, taken = past[MostEvents:], taken+MostEvents
		}
	}
	if err := s.importAll(ctx, past); err != nil {
		return nil, err
	}
	s.log.Info("made-up files are there", "events", taken+len(past), "took", time.Since(begun).Round(time.Millisecond))
	return pending, nil
}

// newDemo registers system, procedures and officers; nil when there are no
// units to work.
func (s *Service) newDemo(ctx context.Context, o DemoOptions) (*demo, error) {
	o.Files, o.Months = cmp.Or(o.Files, 22000), cmp.Or(o.Months, 8)
	now := s.clock.Now()
	d := &demo{o: o, cal: s.o.Calendar(), staff: map[string][]DemoOfficer{}}
	if s.o.Units == nil {
		return nil, nil
	}
	var others []Unit // of a city that calls its departments otherwise
	for _, u := range s.o.Units(now) {
		switch {
		case u.Ward:
			d.wards = append(d.wards, u)
		case slices.ContainsFunc(demoFields, func(f demoField) bool { return slices.Contains(f.units, u.Code) }):
			d.depts = append(d.depts, u)
		case u.Parent != "":
			others = append(others, u)
		}
	}
	if len(d.wards) == 0 {
		return nil, nil
	}
	byCode := func(a, b Unit) int { return strings.Compare(a.Code, b.Code) }
	slices.SortFunc(d.wards, byCode)
	slices.SortFunc(d.depts, byCode)
	if len(d.depts) == 0 {
		slices.SortFunc(others, byCode)
		d.depts = others[:min(len(others), 20)]
	}
	for _, w := range d.wards {
		n := 1 + int(hash(w.Code)%3)
		if strings.HasPrefix(w.Name, "Phường") {
			n += 4
		}
		if slices.ContainsFunc(o.Officers, func(of DemoOfficer) bool { return of.Unit == w.Code }) {
			n += 4 // somebody will look there
		}
		d.weights = append(d.weights, n)
	}
	d.begin = caltime.Month(now.In(caltime.Zone).AddDate(0, -o.Months, 0))
	// After a restart in another month the history still begins where it did.
	var first int64
	if err := s.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("select coalesce(min(received_at), 0) from case_file where system = $1", DemoSystem).Scan(&first)
	}); err != nil {
		return nil, err
	}
	if first != 0 {
		d.begin = caltime.Month(store.FromMicros(first))
	}
	d.perDay = float64(o.Files) / (float64(o.Months) * 21.5)
	var procedures []Procedure
	n := 0
	for _, f := range demoFields {
		for _, p := range f.procedures {
			n++
			code := fmt.Sprintf("9.%06d", n)
			procedures = append(procedures, Procedure{Code: code, Name: p.name, Field: f.code, FieldName: f.name, Days: &p.days, Method: ByDate, Clock: map[bool]string{true: ResetRule, false: PauseRule}[f.code == "DD"], Source: "Minh hoạ (mô phỏng)"})
			to := &d.deptish
			if f.ward {
				to = &d.wardish
			}
			last := 0
			if k := len(*to); k > 0 {
				last = (*to)[k-1].upTo
			}
			*to = append(*to, pick{f, code, p, last + p.per})
		}
	}
	for _, of := range o.Officers {
		d.staff[of.Unit] = append(d.staff[of.Unit], of)
	}
	return d, s.introduceDemo(ctx, d, procedures)
}

// introduceDemo names the system, lists its procedures and says who its
// officers are.
func (s *Service) introduceDemo(ctx context.Context, d *demo, procedures []Procedure) error {
	actor := access.System("demo")
	if known := s.known.Load(); known.systems[DemoSystem].name == demoName {
		procedures = slices.DeleteFunc(procedures, func(p Procedure) bool { return known.listed[p.Code] })
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		if err := s.NameSystem(tx, DemoSystem, demoName, true); err != nil {
			return err
		}
		var rows [][]any
		for _, u := range append(slices.Clone(d.wards), d.depts...) {
			for _, of := range d.officers(u.Code) {
				meaning := NoAccount
				if !strings.HasPrefix(of.User, "cb-") {
					meaning = of.User
				}
				rows = append(rows, []any{DemoSystem, OfficerWord, of.User, of.Name, meaning, 0, tx.Now, tx.Now})
			}
		}
		if err := write(tx, "insert into case_word (system, kind, word, name, meaning, refold, first_at, changed_at) values ", 8, " on conflict (system, kind, word) do nothing", rows); err != nil {
			return err
		}
		return s.learn(tx)
	})
	if err != nil || len(procedures) == 0 {
		return err
	}
	return s.PutProcedures(ctx, actor, procedures...)
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

// officers are those of a unit: its accounts, and some that have none.
func (d *demo) officers(unit string) []DemoOfficer {
	out := slices.Clone(d.staff[unit])
	r := rand.New(rand.NewPCG(d.o.Seed, hash(unit)))
	for i := range 3 {
		out = append(out, DemoOfficer{User: fmt.Sprintf("cb-%s-%d", unit, i+1), Name: demoPerson(r), Unit: unit})
	}
	return out
}

func one[T any](r *rand.Rand, l []T) T { return l[r.IntN(len(l))] }

func demoPerson(r *rand.Rand) string {
	return one(r, demoFamilies) + " " + one(r, demoMiddles) + " " + one(r, demoGivens)
}

// files are the whole lives of the files that a day brings.
func (d *demo) files(day time.Time) [][]Event {
	var key [8]byte
	binary.LittleEndian.PutUint64(key[:], uint64(day.Unix()))
	r := rand.New(rand.NewPCG(d.o.Seed, hash(string(key[:]))))
	n := d.perDay
	switch {
	case !d.cal.IsWorkday(day): // people send online on days off too
		n *= 0.03
	case day.In(caltime.Zone).Weekday() == time.Monday:
		n *= 1.35
	default:
		n *= 0.8 + 0.3*r.Float64()
	}
	out := make([][]Event, 0, int(n)+1)
	for i := range int(n + r.Float64()) {
		out = append(out, d.file(r, day, i))
	}
	return out
}

// lateness falls from 4 % in the first month to 0.2 %, as it did in Đà Nẵng.
func (d *demo) lateness(day time.Time) float64 {
	months := day.Sub(d.begin).Hours() / 24 / 30.4
	return max(0.04*math.Pow(0.05, min(months/float64(d.o.Months), 1)), 0.002)
}

// place picks a unit and what is asked of it.
func (d *demo) place(r *rand.Rand) (Unit, int, pick) {
	if len(d.depts) > 0 && r.IntN(100) < 24 {
		what := choose(r, d.deptish)
		i := r.IntN(len(d.depts))
		if code := one(r, what.field.units); slices.ContainsFunc(d.depts, func(u Unit) bool { return u.Code == code }) {
			i = slices.IndexFunc(d.depts, func(u Unit) bool { return u.Code == code })
		}
		return d.depts[i], len(d.wards) + i, what
	}
	total := 0
	for _, w := range d.weights {
		total += w
	}
	x := r.IntN(total)
	for i, w := range d.weights {
		if x -= w; x < 0 {
			return d.wards[i], i, choose(r, d.wardish)
		}
	}
	return d.wards[0], 0, choose(r, d.wardish)
}

func choose(r *rand.Rand, l []pick) pick {
	x := r.IntN(l[len(l)-1].upTo)
	i, _ := slices.BinarySearchFunc(l, x, func(p pick, x int) int {
		if p.upTo > x {
			return 1
		}
		return -1
	})
	return l[i]
}
