package board

import (
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/vi"
)

// Before are the figures of the period before.
type Before struct {
	Received       int      `json:"received"`
	Finished       int      `json:"finished"`
	LateRatio      *float64 `json:"late_ratio"`
	OnTimeRatio    *float64 `json:"on_time_ratio"`
	DigitizedRatio *float64 `json:"digitized_ratio"`
}

// Row is one line of a board.
type Row struct {
	Key            string   `json:"key"`
	Name           string   `json:"name" doc:"empty: of a channel, whose key says it, of the total, and of what names nothing"`
	Received       int      `json:"received"`
	ReceivedDirect int      `json:"received_direct"`
	ReceivedOnline int      `json:"received_online"`
	ReceivedPost   int      `json:"received_post"`
	CarriedOver    int      `json:"carried_over" doc:"open when the period began"`
	Finished       int      `json:"finished"`
	Early          int      `json:"early"`
	OnTime         int      `json:"on_time"`
	Late           int      `json:"late"`
	InProgress     int      `json:"in_progress" doc:"at the end of the period: in time, near due, overdue, paused, without a date"`
	InTime         int      `json:"in_time"`
	NearDue        int      `json:"near_due"`
	Overdue        int      `json:"overdue"`
	Paused         int      `json:"paused"`
	Waiting        int      `json:"waiting" doc:"not accepted yet"`
	NoDue          int      `json:"no_due" doc:"in progress, no date known"`
	Refused        int      `json:"refused"`
	Withdrawn      int      `json:"withdrawn"`
	Stopped        int      `json:"stopped"`
	LateRatio      *float64 `json:"late_ratio"`
	OnTimeRatio    *float64 `json:"on_time_ratio"`
	Results        int      `json:"results"`
	Digitized      int      `json:"digitized"`
	DigitizedRatio *float64 `json:"digitized_ratio"`
	Previous       *Before  `json:"previous"`
}

// Span is a period as it is shown.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Sheet is a board.
type Sheet struct {
	At          time.Time `json:"at"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	By          string    `json:"by"`
	Denominator msg.Text  `json:"denominator"`
	Previous    Span      `json:"previous"`
	Total       Row       `json:"total"`
	Rows        []Row     `json:"rows"`
	Synthetic   bool      `json:"synthetic" doc:"made-up files are among them"`
}

// Denominator says of what the ratios are.
var Denominator = msg.Text{
	Vi: "Tỷ lệ trễ hạn = (đã giải quyết trễ + quá hạn chưa giải quyết) / (đã giải quyết trong kỳ + quá hạn chưa giải quyết cuối kỳ). Tỷ lệ đúng hạn = (trước hạn + đúng hạn) / đã giải quyết trong kỳ. Tỷ lệ số hóa = kết quả có bản điện tử hợp lệ / kết quả trong kỳ. Hồ sơ tạm dừng không tính quá hạn.",
	En: "Late ratio = (finished late + overdue) / (finished in the period + overdue at its end). On-time ratio = (early + on time) / finished in the period. Digitized ratio = results with a valid electronic copy / results of the period. Paused files are never overdue.",
}

func ratio(a, b int) *float64 {
	if b == 0 {
		return nil
	}
	r := float64(a) / float64(b)
	return &r
}

func (t *tally) lateRatio() *float64 { return ratio(t.late+t.overdue, t.finished+t.overdue) }

func (t *tally) row(key, name string, before *tally) Row {
	r := Row{
		Key: key, Name: name, Received: t.received, ReceivedDirect: t.direct, ReceivedOnline: t.online, ReceivedPost: t.post, CarriedOver: t.carried,
		Finished: t.finished, Early: t.early, OnTime: t.onTime, Late: t.late,
		InProgress: t.inTime + t.near + t.overdue + t.paused + t.noDue, InTime: t.inTime, NearDue: t.near, Overdue: t.overdue, Paused: t.paused, Waiting: t.waiting, NoDue: t.noDue,
		Refused: t.refused, Withdrawn: t.withdrawn, Stopped: t.stopped, LateRatio: t.lateRatio(), OnTimeRatio: ratio(t.early+t.onTime, t.finished),
		Results: t.results, Digitized: t.digitized, DigitizedRatio: ratio(t.digitized, t.results),
	}
	if before != nil {
		r.Previous = &Before{before.received, before.finished, before.lateRatio(), ratio(before.early+before.onTime, before.finished), ratio(before.digitized, before.results)}
	}
	return r
}

// previous is the same period before: the month or year before where it begins
// with one, else as much time before.
func previous(from, to time.Time) (time.Time, time.Time) {
	f, t := from.In(caltime.Zone), to.In(caltime.Zone)
	switch {
	case caltime.Year(from).Equal(from) && to.Sub(from) > 32*24*time.Hour && to.Sub(from) <= 366*24*time.Hour:
		return f.AddDate(-1, 0, 0), t.AddDate(-1, 0, 0)
	case caltime.Month(from).Equal(from) && to.Sub(from) <= 31*24*time.Hour:
		before := f.AddDate(0, -1, 0)
		until := before.Add(to.Sub(from))
		if until.After(from) || caltime.Month(to).Equal(to) {
			until = from
		}
		return before, until
	}
	return from.Add(-to.Sub(from)), from
}

// Count answers a question.
func (b *Board) Count(_ context.Context, actor access.Actor, a Ask) (Sheet, error) {
	reach, err := reachOf(actor)
	if err != nil {
		return Sheet{}, err
	}
	if err := a.tidy(b.clock.Now()); err != nil {
		return Sheet{}, err
	}
	w := b.o.Cases.WindowNow()
	before, until := previous(a.From, a.To)
	now, old := periodOf(a.From, a.To, a.At, w), periodOf(before, until, until, w)
	s := Sheet{At: a.At, From: a.From, To: a.To, By: a.By, Denominator: Denominator, Previous: Span{before.UTC(), until.UTC()}, Rows: []Row{}}

	b.c.mu.RLock()
	defer b.c.mu.RUnlock()
	if !b.c.ready {
		return Sheet{}, errLoading.With()
	}
	s.Synthetic = b.c.synth > 0
	sel, keys, groups, ok := b.selection(reach, &a)
	if !ok { // it names what no file has
		s.Total = (&tally{}).row("", "", &tally{})
		return s, nil
	}
	ts, bs := b.c.count(sel, groups, &now, &old)
	var total, totalBefore tally
	for g := range ts {
		total.add(&ts[g])
		totalBefore.add(&bs[g])
		if ts[g] == (tally{}) && bs[g] == (tally{}) {
			continue
		}
		key, name := keys(g)
		s.Rows = append(s.Rows, ts[g].row(key, name, &bs[g]))
	}
	s.Total = total.row("", "", &totalBefore)
	order := make(map[string]string, len(s.Rows)) // made once, not for each comparison
	for _, r := range s.Rows {
		order[r.Key] = vi.SortKey(r.Name)
	}
	slices.SortStableFunc(s.Rows, func(a, b Row) int { return strings.Compare(order[a.Key], order[b.Key]) })
	return s, nil
}

// selection makes what a question selects, and the keys and names of its
// groups. The lock is held.
func (b *Board) selection(reach access.Reach, a *Ask) (s *selection, keys func(g int) (key, name string), groups int, ok bool) {
	s = &selection{procedure: -1, field: -1, channel: -1, officer: -1, by: a.By}
	var unitKeys []string
	s.unit, unitKeys = b.unitGroups(reach, a, a.At)
	pick := func(n *names, key string) int {
		if i, found := n.index[key]; found {
			return int(i)
		}
		return -2
	}
	if a.Procedure != "" {
		s.procedure = pick(&b.c.procs, a.Procedure)
	}
	if a.Field != "" {
		s.field = pick(&b.c.fields, a.Field)
	}
	if a.Officer != "" {
		s.officer = int64(pick(&b.c.people, a.Officer))
	}
	if a.Channel != "" {
		s.channel = int(channelNumber[casework.Channel(a.Channel)])
	}
	if s.procedure == -2 || s.field == -2 || s.officer == -2 || len(unitKeys) == 0 {
		return nil, nil, 0, false
	}
	of := func(n *names, name func(string, string) string) (func(int) (string, string), int) {
		return func(g int) (string, string) { return n.keys[g], name(n.keys[g], n.names[g]) }, len(n.keys)
	}
	plain := func(key, name string) string {
		if name == "" {
			return key
		}
		return name
	}
	switch a.By {
	case ByField:
		keys, groups = of(&b.c.fields, plain)
	case ByProcedure:
		keys, groups = of(&b.c.procs, func(key, name string) string {
			if name == "" && key != "" {
				return b.o.Cases.ProcedureName(key)
			}
			return plain(key, name)
		})
	case ByOfficer:
		keys, groups = of(&b.c.people, plain)
	case ByChannel:
		keys, groups = func(g int) (string, string) { return string(channels[g]), "" }, len(channels)
	default:
		keys, groups = func(g int) (string, string) {
			if unitKeys[g] == "" {
				return "", ""
			}
			return unitKeys[g], b.unitName(unitKeys[g], a.At)
		}, len(unitKeys)
	}
	return s, keys, groups, true
}

var channelNames = map[casework.Channel]msg.Text{
	casework.Direct: {Vi: "Trực tiếp", En: "In person"}, casework.Online: {Vi: "Trực tuyến", En: "Online"},
	casework.Post: {Vi: "Bưu chính", En: "By post"}, casework.UnknownChannel: {Vi: "Không rõ", En: "Not known"},
}

// Summary is the city, or what the caller sees of it, in a few figures.
type Summary struct {
	Open           int       `json:"open"`
	NearDue        int       `json:"near_due"`
	Overdue        int       `json:"overdue"`
	Paused         int       `json:"paused"`
	LateRatioMonth *float64  `json:"late_ratio_month"`
	Synthetic      bool      `json:"synthetic"`
	At             time.Time `json:"at"`
}

// Summary is what the overview shows of files.
func (b *Board) Summary(ctx context.Context, actor access.Actor) (Summary, error) {
	s, err := b.Count(ctx, actor, Ask{By: ByChannel})
	t := s.Total
	return Summary{Open: t.InProgress + t.Waiting, NearDue: t.NearDue, Overdue: t.Overdue, Paused: t.Paused, LateRatioMonth: t.LateRatio, Synthetic: s.Synthetic, At: s.At}, err
}
