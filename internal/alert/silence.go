package alert

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// The states of a silence.
const (
	SilencePending = "pending"
	SilenceActive  = "active"
	SilenceExpired = "expired"
)

// Silence keeps the alerts it matches quiet from one instant to another: they
// stay listed, nobody is told. A maintenance window is the same, planned by
// who works on the devices.
type Silence struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind" enum:"silence,maintenance"`
	Matchers []Matcher `json:"matchers"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Reason   string    `json:"reason"`
	By       Viewer    `json:"by"`
	State    string    `json:"state" enum:"pending,active,expired"`
	Matches  int       `json:"matches" doc:"open alerts that it keeps quiet"`
}

// SilenceDraft is what a person decides; nil keeps what there is.
type SilenceDraft struct {
	Kind     *string
	Matchers *[]Matcher
	From     *time.Time
	To       *time.Time
	Reason   *string
}

var (
	errSilence       = fault.Define(fault.Invalid, "alert.silence", "the silence is not complete", "khoảng tắt tiếng chưa hợp lệ")
	errSilenceKind   = fault.Define(fault.Invalid, "alert.silence_kind", "use silence or maintenance", "chọn silence hoặc maintenance")
	errSilenceSpan   = fault.Define(fault.Invalid, "alert.silence_span", "it must end after it begins, in the future, and last at most 90 days", "phải kết thúc sau khi bắt đầu, trong tương lai, và dài nhất 90 ngày")
	errSilenceGone   = fault.Define(fault.NotFound, "alert.silence_unknown", "there is no such silence", "không có khoảng tắt tiếng này")
	errSilenceClosed = fault.Define(fault.Conflict, "alert.silence_over", "the silence is over; make a new one", "khoảng tắt tiếng đã kết thúc; hãy tạo mới")
)

const longestSilence = 90 * 24 * time.Hour

func (q *Silence) state(now time.Time) string {
	switch {
	case now.Before(q.From):
		return SilencePending
	case now.Before(q.To):
		return SilenceActive
	}
	return SilenceExpired
}

// due is when it next has to be acted on after now.
func (q *Silence) due(now time.Time) time.Time {
	switch q.state(now) {
	case SilencePending:
		return q.From
	case SilenceActive:
		return q.To
	}
	return time.Time{}
}

func (q *Silence) check(now time.Time) error {
	bad := errSilence.With()
	if q.Kind != BySilence && q.Kind != ByMaintenance {
		bad.At("kind", errSilenceKind.With())
	}
	q.Matchers = compile(q.Matchers, "matchers", bad)
	if !q.To.After(q.From) || !q.To.After(now) || q.To.Sub(q.From) > longestSilence {
		bad.At("to", errSilenceSpan.With())
	}
	q.Reason = strings.TrimSpace(vi.NFC(q.Reason))
	if q.Reason == "" {
		bad.At("reason", errReason.With())
	}
	if len([]rune(q.Reason)) > mostText {
		bad.At("reason", errTooLong.With("limit", mostText))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (d SilenceDraft) onto(q *Silence) {
	set(&q.Kind, d.Kind)
	set(&q.Matchers, d.Matchers)
	set(&q.From, d.From)
	set(&q.To, d.To)
	set(&q.Reason, d.Reason)
	q.From, q.To = q.From.UTC().Truncate(time.Microsecond), q.To.UTC().Truncate(time.Microsecond)
}

func set[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

// judge finds what keeps an alert quiet: a maintenance window before a
// silence, these before another alert, and flapping last.
func (s *Service) judge(tx *store.Tx, cfg *config, a *Alert) (*Suppression, error) {
	if len(cfg.silences) > 0 {
		labels := a.matchable()
		var by *Suppression
		for i := range cfg.silences {
			q := &cfg.silences[i]
			if q.state(tx.Now) == SilenceActive && (by == nil || q.Kind == ByMaintenance && by.Kind != ByMaintenance) && matches(q.Matchers, labels) {
				by = &Suppression{Kind: q.Kind, ID: q.ID, Title: q.Reason}
			}
		}
		if by != nil {
			return by, nil
		}
	}
	by, err := s.inhibitedBy(tx, cfg, a)
	if err != nil || by != nil || !a.Flapping {
		return by, err
	}
	return &Suppression{Kind: ByFlap, ID: a.ID}, nil
}

// judgeAgain brings an open alert to what keeps it quiet now.
func (s *Service) judgeAgain(tx *store.Tx, cfg *config, a Alert) (Alert, error) {
	by, err := s.judge(tx, cfg, &a)
	if err != nil {
		return a, err
	}
	switch was := a.SuppressedBy; {
	case by == nil && was == nil, by != nil && was != nil && by.Kind == was.Kind && by.ID == was.ID:
		return a, nil
	case by == nil:
		return s.change(tx, a, Command{Verb: Release, Actor: access.System("alert")})
	}
	return s.change(tx, a, Command{Verb: Suppress, Actor: access.System("alert"), Suppression: by})
}

func (s *Service) judgeAll(tx *store.Tx, cfg *config, open []Alert) error {
	for _, a := range open {
		if _, err := s.judgeAgain(tx, cfg, a); err != nil {
			return err
		}
	}
	return nil
}

// judgeSilence judges the open alerts that a silence matches or kept quiet.
func (s *Service) judgeSilence(tx *store.Tx, cfg *config, q *Silence) error {
	open, err := readAlerts(tx, "where a.open = 1 order by a.id")
	if err != nil {
		return err
	}
	touched := open[:0]
	for _, a := range open {
		if a.SuppressedBy != nil && a.SuppressedBy.ID == q.ID || matches(q.Matchers, a.matchable()) {
			touched = append(touched, a)
		}
	}
	return s.judgeAll(tx, cfg, touched)
}

func readSilences(tx *store.Tx, where string, args ...any) ([]Silence, error) {
	out, err := store.All(tx, func(scan store.Scan) (q Silence, err error) {
		var matchers string
		var from, to int64
		if err := scan(&q.ID, &q.Kind, &matchers, &from, &to, &q.Reason, &q.By.ID, &q.By.Name); err != nil {
			return q, err
		}
		q.From, q.To = store.FromMicros(from), store.FromMicros(to)
		return q, json.Unmarshal([]byte(matchers), &q.Matchers)
	}, "select id, kind, matchers, from_at, to_at, reason, by_id, by_name from alert_silence "+where, args...)
	if err != nil {
		return nil, err
	}
	for i := range out {
		bad := errSilence.With()
		if out[i].Matchers = compile(out[i].Matchers, "matchers", bad); len(bad.Fields) > 0 {
			return nil, bad
		}
		out[i].State = out[i].state(tx.Now)
	}
	return out, nil
}

func putSilence(tx *store.Tx, q *Silence) error {
	matchers, err := json.Marshal(q.Matchers)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into alert_silence (id, kind, matchers, from_at, to_at, reason, by_id, by_name, made_at, due_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do update set kind = excluded.kind, matchers = excluded.matchers,
		from_at = excluded.from_at, to_at = excluded.to_at, reason = excluded.reason, due_at = excluded.due_at`,
		q.ID, q.Kind, string(matchers), q.From, q.To, q.Reason, q.By.ID, q.By.Name, tx.Now, q.due(tx.Now))
	return err
}

// Silences lists them, those in force and to come first, the last 200 that
// are over after them.
func (s *Service) Silences(ctx context.Context, actor access.Actor) (out []Silence, err error) {
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if out, err = readSilences(tx, "order by case when due_at > 0 then 0 else 1 end, from_at desc limit 500"); err != nil {
			return err
		}
		return s.countMatches(tx, out)
	})
	return out, err
}

func (s *Service) countMatches(tx *store.Tx, list []Silence) error {
	type row struct {
		id string
		n  int
	}
	rows, err := store.All(tx, func(scan store.Scan) (r row, err error) { return r, scan(&r.id, &r.n) },
		"select suppressor, count(*) from alert where suppressor <> '' and open = 1 group by suppressor")
	if err != nil {
		return err
	}
	for i := range list {
		for _, r := range rows {
			if r.id == list[i].ID {
				list[i].Matches = r.n
			}
		}
	}
	return nil
}

// CreateSilence makes a silence; without a beginning it begins now.
func (s *Service) CreateSilence(ctx context.Context, actor access.Actor, d SilenceDraft) (Silence, error) {
	return s.editSilence(ctx, actor, "", "created", func(q *Silence, now time.Time) error {
		q.From, q.Kind = now, BySilence
		d.onto(q)
		return q.check(now)
	})
}

// EditSilence changes a silence that is not over.
func (s *Service) EditSilence(ctx context.Context, actor access.Actor, id string, d SilenceDraft) (Silence, error) {
	return s.editSilence(ctx, actor, id, "updated", func(q *Silence, now time.Time) error {
		d.onto(q)
		return q.check(now)
	})
}

// EndSilence ends a silence now.
func (s *Service) EndSilence(ctx context.Context, actor access.Actor, id string) error {
	_, err := s.editSilence(ctx, actor, id, "ended", func(q *Silence, now time.Time) error {
		q.To = now
		q.From = minTime(q.From, now)
		return nil
	})
	return err
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (s *Service) editSilence(ctx context.Context, actor access.Actor, id, verb string, edit func(q *Silence, now time.Time) error) (Silence, error) {
	if err := access.RequireEverywhere(actor, access.AlertSilence); err != nil {
		return Silence{}, err
	}
	var q Silence
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		q = Silence{ID: uid.New(tx.Now), By: Viewer{ID: actor.ID, Name: actor.Name}}
		e := store.Event{Entity: "alert_silence"}
		old := Silence{}
		if id != "" {
			list, err := readSilences(tx, "where id = $1", id)
			if err != nil {
				return err
			}
			if len(list) == 0 {
				return errSilenceGone.With()
			}
			if q = list[0]; q.State == SilenceExpired {
				return errSilenceClosed.With()
			}
			old = q
			e.Before = old
		}
		if err := edit(&q, tx.Now); err != nil {
			return err
		}
		q.State = q.state(tx.Now)
		if err := putSilence(tx, &q); err != nil {
			return err
		}
		s.stale(tx)
		e.Subject, e.EntityID, e.After = "ioc.alertsilence."+verb+"."+q.ID, q.ID, q
		e.Summary = map[string]string{"created": "Tắt tiếng cảnh báo: ", "updated": "Sửa khoảng tắt tiếng: ", "ended": "Kết thúc tắt tiếng: "}[verb] + q.Reason
		tx.Emit(e)
		tx.After(s.nudge)
		cfg, err := s.current(tx)
		if err != nil {
			return err
		}
		both := q
		if id != "" && old.State == SilenceActive {
			if err := s.judgeSilence(tx, cfg, &old); err != nil {
				return err
			}
		}
		if err := s.judgeSilence(tx, cfg, &both); err != nil {
			return err
		}
		list := []Silence{q}
		err = s.countMatches(tx, list)
		q = list[0]
		return err
	})
	return q, err
}

// Preview says which open alerts comparisons would match.
func (s *Service) Preview(ctx context.Context, actor access.Actor, ms []Matcher) (found []Alert, err error) {
	if err := access.RequireEverywhere(actor, access.AlertSilence); err != nil {
		return nil, err
	}
	bad := errSilence.With()
	if ms = compile(ms, "matchers", bad); len(bad.Fields) > 0 {
		return nil, bad
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		open, err := readAlerts(tx, "where a.open = 1 order by a.severity desc, a.raised_at desc")
		for _, a := range open {
			if matches(ms, a.matchable()) {
				found = append(found, a)
			}
		}
		return err
	})
	return found, err
}
