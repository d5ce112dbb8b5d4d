package feed

import (
	"context"
	"strconv"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var (
	errToken = fault.Define(fault.Unauthenticated, "casefeed.token", "the token is not valid for this system", "token không hợp lệ cho hệ thống này")
	errOff   = fault.Define(fault.Forbidden, "casefeed.off", "the system is switched off", "hệ thống đang tắt")
)

// Push takes national messages from the system that holds the token. It
// answers once they are on disk. A system that does not exist and a wrong
// token are answered alike.
func (s *Service) Push(ctx context.Context, id, token string, raw []byte) (Outcome, error) {
	sys, err := s.find(ctx, id)
	if err != nil && !fault.Is(err, errNotFound) {
		return Outcome{}, err
	}
	if !sys.holds(token) {
		return Outcome{}, errToken.With()
	}
	if !sys.Enabled {
		return Outcome{}, errOff.With()
	}
	messages, err := national(raw)
	if err != nil {
		return Outcome{}, err
	}
	defer s.hold(id)()
	now := s.clock.Now()
	ts, rejected := sys.messages(messages, now)
	out, err := s.take(ctx, sys.actor(), &sys, ts, rejected, nil)
	if err != nil {
		return Outcome{}, err
	}
	out.Rows = len(messages)
	return out, s.db.Housekeep(ctx, func(tx *store.Tx) error { return ended(tx, id, nil, false) })
}

// messages makes the events of national messages.
func (sys *System) messages(list []map[string]any, now time.Time) (ts []told, rejected []Rejection) {
	for i, m := range list {
		x := row{place: strconv.Itoa(i + 1), record: m}
		evs, f := eventsOf(m, sys.ID, sys.Synthetic, now)
		if f != nil {
			rejected = append(rejected, rejection(sys.ID, x, f, false))
			continue
		}
		for _, e := range evs {
			ts = append(ts, told{event: e, row: x})
		}
	}
	return ts, rejected
}
