package rule

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/uid"
)

// The states of a back-test.
const (
	Running   = "running"
	Done      = "done"
	Cancelled = "cancelled"
	Failed    = "failed"
)

var (
	errNoTest   = fault.Define(fault.NotFound, "rule.backtest_not_found", "there is no back-test {id}; finished ones are kept for {hours} h", "không có lần chạy thử {id}; kết quả được giữ {hours} giờ")
	errTestMany = fault.Define(fault.TooMany, "rule.backtests", "{limit} back-tests are running; wait for one or cancel it", "đang có {limit} lần chạy thử, hãy chờ hoặc hủy bớt")
	errTestSpan = fault.Define(fault.Invalid, "rule.backtest_span", "from must lie before to, and not more than {days} days", "từ phải trước đến, tối đa {days} ngày")
	errTestWhat = fault.Define(fault.Invalid, "rule.backtest_what", "name a rule or send a draft", "cần chọn luật hoặc gửi bản nháp")
)

const (
	backtestsAtOnce = 2
	backtestKept    = 6 * time.Hour
	backtestsKept   = 64
	backtestDays    = 5 * 366
	maxFirings      = 20_000 // listed; counted are all
)

// Trial says what to back-test: a version of a rule (0 is the one in force) or
// a draft.
type Trial struct {
	Rule    string
	Version int
	Draft   *Definition
	From    time.Time
	To      time.Time
	Compare bool // with the version in force
}

// Backtest is one run over the past.
type Backtest struct {
	ID       string          `json:"id"`
	State    string          `json:"state" enum:"running,done,cancelled,failed"`
	Progress float64         `json:"progress" doc:"0–1"`
	Series   int             `json:"series"`
	Points   int64           `json:"points"`
	TookMs   int64           `json:"took_ms"`
	Detail   string          `json:"detail"`
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"`
	Result   *BacktestResult `json:"result"`

	owner  string
	began  time.Time
	cancel context.CancelFunc
}

// BacktestResult is what a rule would have done.
type BacktestResult struct {
	Firings       []BacktestFiring       `json:"firings"`
	Total         int                    `json:"total" doc:"firings, also those not listed"`
	Days          []BacktestDay          `json:"days"`
	Notifications []BacktestNotification `json:"notifications"`
	Incidents     *BacktestIncidents     `json:"incidents"`
	Compare       *BacktestCompare       `json:"compare"`
}

// BacktestFiring is one span in which the rule held.
type BacktestFiring struct {
	Thing     string              `json:"thing"`
	Name      string              `json:"name"`
	Series    string              `json:"series"`
	Area      string              `json:"area"`
	AreaName  string              `json:"area_name"`
	From      time.Time           `json:"from"`
	To        *time.Time          `json:"to"`
	Severity  alertevent.Severity `json:"severity"`
	Peak      *float64            `json:"peak"`
	Estimated bool                `json:"estimated"`

	rises int // how often somebody would have been told
}

// BacktestDay counts the firings that began on a local day.
type BacktestDay struct {
	Day      string              `json:"day" doc:"2025-10-28"`
	N        int                 `json:"n"`
	Severity alertevent.Severity `json:"severity" doc:"the highest"`
}

// BacktestNotification counts what a unit would have got.
type BacktestNotification struct {
	Unit     string `json:"unit"`
	UnitName string `json:"unit_name"`
	N        int    `json:"n"`
}

// BacktestIncidents measures the rule against confirmed incidents.
type BacktestIncidents struct {
	Confirmed int      `json:"confirmed"`
	Hit       int      `json:"hit"`
	Precision *float64 `json:"precision" doc:"share of the firings that belong to an incident"`
	Recall    *float64 `json:"recall" doc:"share of the incidents that the rule saw"`
}

// BacktestCompare sets the firings beside those of the version in force.
type BacktestCompare struct {
	Version int `json:"version"`
	Firings int `json:"firings"`
	Same    int `json:"same"`
	OnlyNew int `json:"only_new"`
	OnlyOld int `json:"only_old"`
}

// backtests are those of this life of the program.
type backtests struct {
	mu   sync.Mutex
	byID map[string]*Backtest
}

func newBacktests() *backtests { return &backtests{byID: map[string]*Backtest{}} }

// StartBacktest begins a back-test and returns it; it runs by itself.
func (s *Service) StartBacktest(ctx context.Context, actor access.Actor, t Trial) (Backtest, error) {
	if err := access.Require(actor, access.RuleEdit, access.Scope{}); err != nil {
		return Backtest{}, err
	}
	if !t.From.Before(t.To) || t.To.Sub(t.From) > backtestDays*24*time.Hour {
		return Backtest{}, errTestSpan.With("days", backtestDays).At("from", errTestSpan.With("days", backtestDays))
	}
	fresh, old, err := s.onTrial(ctx, t)
	if err != nil {
		return Backtest{}, err
	}
	now := s.o.Clock.Now()
	running, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the request
	b := &Backtest{ID: uid.New(now), State: Running, From: t.From.UTC(), To: t.To.UTC(), owner: actor.ID, began: now, cancel: cancel}
	if err := s.tests.admit(b); err != nil {
		cancel()
		return Backtest{}, err
	}
	first := b.copy()
	go s.backtest(running, b, fresh, old)
	return first, nil
}

// onTrial compiles what is to be run, and the version in force when it is
// wanted beside it.
func (s *Service) onTrial(ctx context.Context, t Trial) (fresh, old *inForce, err error) {
	switch {
	case t.Draft != nil:
		d := t.Draft.normal()
		if err := s.refuse(d); err != nil {
			return nil, nil, err
		}
		id := t.Rule
		if id == "" {
			id = "draft"
		}
		p, bad := compiled(id, 0, d)
		if len(bad) > 0 {
			return nil, nil, refusal(bad)
		}
		fresh = &inForce{0, d, p}
	case t.Rule == "":
		return nil, nil, errTestWhat.With()
	default:
		if fresh, err = s.force(ctx, t.Rule, t.Version); err != nil {
			return nil, nil, err
		}
	}
	if !t.Compare || t.Rule == "" {
		return fresh, nil, nil
	}
	live := 0
	if v, err := s.versionViews(ctx, t.Rule); err != nil {
		return nil, nil, err
	} else if live = v[0].LiveVersion; live == 0 {
		return fresh, nil, nil
	}
	old, err = s.force(ctx, t.Rule, live)
	return fresh, old, err
}

// force compiles a version of a rule.
func (s *Service) force(ctx context.Context, id string, number int) (*inForce, error) {
	d, number, err := s.definition(ctx, id, number)
	if err != nil {
		return nil, err
	}
	p, bad := compiled(id, number, d)
	if len(bad) > 0 {
		return nil, refusal(bad)
	}
	return &inForce{number, d, p}, nil
}

// admit lets a test begin when not too many run, and forgets old ones.
func (t *backtests) admit(b *Backtest) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	running := 0
	var oldest *Backtest
	for id, x := range t.byID {
		switch {
		case x.State == Running:
			running++
		case b.began.Sub(x.began) > backtestKept:
			delete(t.byID, id)
		case oldest == nil || x.began.Before(oldest.began):
			oldest = x
		}
	}
	if running >= backtestsAtOnce {
		return errTestMany.With("limit", backtestsAtOnce)
	}
	if len(t.byID) >= backtestsKept && oldest != nil {
		delete(t.byID, oldest.ID)
	}
	t.byID[b.ID] = b
	return nil
}

func (b *Backtest) copy() Backtest {
	c := *b
	c.cancel = nil
	return c
}

// Backtest tells how a back-test is doing; only who began it may ask.
func (s *Service) Backtest(actor access.Actor, id string) (Backtest, error) {
	b, err := s.tests.find(actor, id)
	if err != nil {
		return Backtest{}, err
	}
	s.tests.mu.Lock()
	defer s.tests.mu.Unlock()
	return b.copy(), nil
}

// CancelBacktest ends a back-test that runs, and forgets it.
func (s *Service) CancelBacktest(actor access.Actor, id string) error {
	b, err := s.tests.find(actor, id)
	if err != nil {
		return err
	}
	b.cancel()
	s.tests.mu.Lock()
	defer s.tests.mu.Unlock()
	if b.State == Running {
		b.State = Cancelled
	}
	return nil
}

func (t *backtests) find(actor access.Actor, id string) (*Backtest, error) {
	if err := access.Require(actor, access.RuleEdit, access.Scope{}); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.byID[id]
	if b == nil || b.owner != actor.ID {
		return nil, errNoTest.With("id", id, "hours", int(backtestKept.Hours()))
	}
	return b, nil
}

// backtest runs to its end.
func (s *Service) backtest(ctx context.Context, b *Backtest, fresh, old *inForce) {
	defer b.cancel()
	parts := 1.0
	if old != nil {
		parts = 2
	}
	progress := func(done float64) func(float64) {
		return func(share float64) {
			s.tests.mu.Lock()
			b.Progress = min(0.99, max(b.Progress, done+share/parts))
			s.tests.mu.Unlock()
		}
	}
	env := s.runner.world.env()
	began := time.Now() // how long it took is a matter of the machine, not of the city's clock
	found, err := eval.Backtest(ctx, fresh.program, env, b.From, b.To, progress(0))
	var result *BacktestResult
	if err == nil {
		result, err = s.sumUp(ctx, fresh, found, b.From, b.To)
	}
	points, count := found.Points, found.Series
	if err == nil && old != nil {
		var before eval.Result
		if before, err = eval.Backtest(ctx, old.program, env, b.From, b.To, progress(0.5)); err == nil {
			result.Compare = compareFirings(old.version, found.Firings, before.Firings)
			points += before.Points
		}
	}
	s.tests.mu.Lock()
	defer s.tests.mu.Unlock()
	b.Series, b.Points, b.TookMs = count, points, time.Since(began).Milliseconds()
	switch {
	case b.State == Cancelled || ctx.Err() != nil:
		b.State = Cancelled
	case err != nil:
		b.State, b.Detail = Failed, "the back-test failed"
		if f, ok := fault.As(err); ok {
			b.Detail = f.Error()
		}
		s.o.Logger.Error("back-test", "backtest", b.ID, "err", err)
	default:
		b.State, b.Progress, b.Result = Done, 1, result
	}
}

// sumUp makes firings into what people ask.
func (s *Service) sumUp(ctx context.Context, f *inForce, found eval.Result, from, to time.Time) (*BacktestResult, error) {
	r := &BacktestResult{Firings: []BacktestFiring{}, Days: []BacktestDay{}, Notifications: []BacktestNotification{}, Total: len(found.Firings)}
	all := make([]BacktestFiring, len(found.Firings))
	for i := range found.Firings {
		all[i] = s.firingOf(&found.Firings[i])
	}
	r.Days, r.Notifications = days(all), s.notifications(f.definition, all)
	if s.o.Confirmed != nil {
		incidents, err := s.o.Confirmed(ctx, from, to)
		if err != nil {
			return nil, err
		}
		r.Incidents = against(f.definition.Service, all, incidents, to)
	}
	r.Firings = all[:min(len(all), maxFirings)]
	return r, nil
}

func (s *Service) firingOf(x *eval.Firing) BacktestFiring {
	f := BacktestFiring{
		Thing: x.Series.Thing(), Name: x.Series.Labels[labelName], Series: x.Series.ID, Area: x.Series.Labels["unit_code"],
		From: x.From, To: x.To, Severity: x.Severity, Peak: x.Peak, Estimated: x.Estimated,
	}
	if _, _, area, ok := s.o.Catalog.ThingPlace(f.Thing); ok && area != "" {
		f.Area = area
	}
	f.AreaName = s.o.UnitName(f.Area)
	before := alertevent.None
	for _, c := range x.Changes {
		if c.To > before {
			f.rises++
		}
		before = c.To
	}
	f.rises = max(f.rises, 1)
	return f
}

// days counts by the local day on which firings began.
func days(all []BacktestFiring) []BacktestDay {
	byDay := map[string]*BacktestDay{}
	for _, f := range all {
		day := f.From.In(caltime.Zone).Format(time.DateOnly)
		d := byDay[day]
		if d == nil {
			d = &BacktestDay{Day: day}
			byDay[day] = d
		}
		d.N++
		d.Severity = max(d.Severity, f.Severity)
	}
	out := make([]BacktestDay, 0, len(byDay))
	for _, d := range byDay {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b BacktestDay) int { return strings.Compare(a.Day, b.Day) })
	return out
}

// notifications counts by unit: one for each beginning and each rise of the
// severity, addressed as of that instant.
func (s *Service) notifications(d Definition, all []BacktestFiring) []BacktestNotification {
	byUnit := map[string]*BacktestNotification{}
	for _, f := range all {
		unit, name := d.Unit, s.o.UnitName(d.Unit)
		if unit == "" && s.o.Unit != nil {
			unit, name = s.o.Unit(d.Service, f.Area, f.From)
		}
		if unit == "" {
			continue
		}
		n := byUnit[unit]
		if n == nil {
			n = &BacktestNotification{Unit: unit, UnitName: name}
			byUnit[unit] = n
		}
		n.N += f.rises
	}
	out := make([]BacktestNotification, 0, len(byUnit))
	for _, n := range byUnit {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b BacktestNotification) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Unit, b.Unit)
	})
	return out
}

// around is how far apart in time an incident and a firing may lie and still
// be of one thing.
const around = time.Hour

// against measures firings against confirmed incidents of the same service:
// they meet when the thing is the incident's, or else the area, and the times
// overlap.
func against(service string, all []BacktestFiring, incidents []Incident, end time.Time) *BacktestIncidents {
	out := &BacktestIncidents{}
	right := make([]bool, len(all))
	for _, in := range incidents {
		if in.Service != "" && in.Service != service {
			continue
		}
		out.Confirmed++
		hit := false
		until := in.To
		if until.IsZero() {
			until = end
		}
		for i, f := range all {
			to := end
			if f.To != nil {
				to = *f.To
			}
			same := slices.Contains(in.Things, f.Thing) || len(in.Things) == 0 && (in.Area == "" || in.Area == f.Area)
			if same && !f.From.After(until.Add(around)) && !to.Before(in.From.Add(-around)) {
				right[i], hit = true, true
			}
		}
		if hit {
			out.Hit++
		}
	}
	share := func(n, of int) *float64 {
		if of == 0 {
			return nil
		}
		v := float64(n) / float64(of)
		return &v
	}
	n := 0
	for _, r := range right {
		if r {
			n++
		}
	}
	if out.Confirmed > 0 {
		out.Precision = share(n, len(all))
	}
	out.Recall = share(out.Hit, out.Confirmed)
	return out
}

// compareFirings pairs firings of one series whose spans overlap.
func compareFirings(version int, fresh, old []eval.Firing) *BacktestCompare {
	c := &BacktestCompare{Version: version, Firings: len(old)}
	bySeries := map[string][]eval.Firing{}
	for _, f := range old {
		bySeries[f.Series.ID] = append(bySeries[f.Series.ID], f)
	}
	met := map[string]map[int]bool{}
	for _, f := range fresh {
		hit := false
		for i, o := range bySeries[f.Series.ID] {
			if (f.To == nil || !f.To.Before(o.From)) && (o.To == nil || !o.To.Before(f.From)) {
				hit = true
				if met[f.Series.ID] == nil {
					met[f.Series.ID] = map[int]bool{}
				}
				met[f.Series.ID][i] = true
			}
		}
		if hit {
			c.Same++
		} else {
			c.OnlyNew++
		}
	}
	c.OnlyOld = len(old)
	for _, m := range met {
		c.OnlyOld -= len(m)
	}
	return c
}
