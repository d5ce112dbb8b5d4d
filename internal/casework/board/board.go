package board

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

// Options are what New needs.
type Options struct {
	Cases    *casework.Service
	Calendar func() *workcal.Calendar
	// Unit, Units and Subtree are those of casework.Options.
	Unit    func(code string, at time.Time) (casework.Unit, bool)
	Units   func(at time.Time) []casework.Unit
	Subtree func(code string, at time.Time) []string
	// Shape is where a ward lies, for the layer; nil: there is no layer.
	Shape func(code string) (lon, lat float64, geometry []byte, ok bool)
	// Weights are the points of the components of QĐ 766 that are known by
	// none of its texts at hand, by component ("electronic_results",
	// "online_filing"); nil: their ratios are shown without points.
	Weights map[string]float64
	Clock   *clock.Clock // nil is the system's
	Logger  *slog.Logger // nil discards
}

// Board counts the files of a city, safe for concurrent use.
type Board struct {
	o     Options
	log   *slog.Logger
	clock *clock.Clock
	c     *columns
}

var (
	errLoading = fault.Define(fault.Unavailable, "case.board_loading", "the files are still being read, try again in a moment", "đang nạp hồ sơ, hãy thử lại sau giây lát")
	errAsk     = fault.Define(fault.Invalid, "case.board_filter", "the board cannot be asked so", "tham số bảng thống kê không hợp lệ")
)

// New hangs the board on the changes of files; Run fills it.
func New(o Options) (*Board, error) {
	if o.Cases == nil || o.Calendar == nil {
		return nil, errors.New("board needs files and a calendar")
	}
	b := &Board{o: o, log: o.Logger, clock: o.Clock, c: newColumns()}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	o.Cases.OnChange(func(tx *store.Tx, _, after *casework.Case) error {
		l := after.Line(o.Cases.WindowNow())
		tx.After(func() { b.take([]casework.Line{l}) })
		return nil
	})
	return b, nil
}

// take puts lines into the columns. What a commit of this program brings does
// not move the cursor: another program may have written in between.
func (b *Board) take(ls []casework.Line) {
	b.c.mu.Lock()
	defer b.c.mu.Unlock()
	for i := range ls {
		b.c.put(&ls[i])
	}
}

const (
	loadAtOnce = 5000
	lookEvery  = 3 * time.Second
)

// Load reads what has changed since the last Load.
func (b *Board) Load(ctx context.Context) error {
	for {
		b.c.mu.RLock()
		after := b.c.change
		b.c.mu.RUnlock()
		ls, err := b.o.Cases.Lines(ctx, after, loadAtOnce)
		if err != nil {
			return err
		}
		b.take(ls)
		b.c.mu.Lock()
		if n := len(ls); n > 0 {
			b.c.change = max(b.c.change, ls[n-1].Change)
		}
		b.c.ready = b.c.ready || len(ls) < loadAtOnce
		b.c.mu.Unlock()
		if len(ls) < loadAtOnce {
			return nil
		}
	}
}

// Run fills the board and looks every few seconds what another program has
// written. It ends with ctx.
func (b *Board) Run(ctx context.Context) error {
	begun := time.Now()
	for first := true; ; first = false {
		switch err := b.Load(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			b.log.Error("files cannot be read", "err", err)
		case first:
			b.c.mu.RLock()
			n := b.c.files
			b.c.mu.RUnlock()
			b.log.Info("files read", "files", n, "took", time.Since(begun).Round(time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
	}
}

// The ways to group.
const (
	ByUnit      = "unit"
	ByField     = "field"
	ByProcedure = "procedure"
	ByChannel   = "channel"
	ByOfficer   = "officer"
)

// Ask is a question to the board.
type Ask struct {
	By                                       string
	Unit, Field, Procedure, Channel, Officer string
	Parent                                   string    // by unit: rolled up to the children of this one
	From, To                                 time.Time // zero: this month until now
	At                                       time.Time // how open files stand; zero: the end of the period, or now
}

// tidy fills what was left out.
func (a *Ask) tidy(now time.Time) error {
	if a.By == "" {
		a.By = ByUnit
	}
	switch a.By {
	case ByUnit, ByField, ByProcedure, ByChannel, ByOfficer:
	default:
		return errAsk.With().At("by", errAsk.With())
	}
	if _, ok := channelNumber[casework.Channel(a.Channel)]; a.Channel != "" && !ok {
		return errAsk.With().At("channel", errAsk.With())
	}
	if a.At.IsZero() {
		a.At = now
	}
	if a.From.IsZero() {
		day := a.At
		if !a.To.IsZero() && a.To.Before(day) {
			day = a.To
		}
		a.From = caltime.Month(day)
	}
	if a.To.IsZero() {
		a.To = a.At
	}
	if !a.From.Before(a.To) || a.To.Sub(a.From) > 20*366*24*time.Hour {
		return errAsk.With().At("from", errAsk.With())
	}
	return nil
}

// reachOf is where an actor may count, by unit.
func reachOf(actor access.Actor) (access.Reach, error) {
	if err := access.Require(actor, access.CaseView, access.Scope{}); err != nil {
		return nil, err
	}
	return actor.Reach(access.CaseView), nil
}
