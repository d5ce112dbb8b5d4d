package rule

import (
	"context"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
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
	errTestWhat = fault.Define(fault.Invalid, "rule.backtest_what", "name a rule or send a draft", "cần chọn quy tắc hoặc gửi bản nháp")
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

// around is how far apart in time an incident and a firing may lie and still
// be of one thing.
const around = time.Hour
