package alert

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
)

// gone is when somebody who does not beat any more has left.
const gone = 40 * time.Second

// presence knows who has which alert open. It is forgotten at a restart: the
// browsers beat again within 15 s.
type presence struct {
	clock *clock.Clock
	mu    sync.Mutex
	seen  map[string]map[string]viewing // alert → person
}

type viewing struct {
	name string
	at   time.Time
}

func newPresence(c *clock.Clock) *presence {
	return &presence{clock: c, seen: map[string]map[string]viewing{}}
}

// beat notes that somebody looks at an alert, and reports whether that is new.
func (p *presence) beat(alert string, actor access.Actor) (fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	who := p.seen[alert]
	if who == nil {
		who = map[string]viewing{}
		p.seen[alert] = who
	}
	v, ok := who[actor.ID]
	who[actor.ID] = viewing{name: actor.Name, at: now}
	return !ok || now.Sub(v.at) > gone
}

// viewers are those who look at an alert now, by name.
func (p *presence) viewers(alert string) []Viewer {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	out := []Viewer{}
	for id, v := range p.seen[alert] {
		if now.Sub(v.at) <= gone {
			out = append(out, Viewer{ID: id, Name: v.name})
		}
	}
	slices.SortFunc(out, func(a, b Viewer) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return out
}

// expire forgets those who left and names their alerts.
func (p *presence) expire() (alerts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	for alert, who := range p.seen {
		n := len(who)
		for id, v := range who {
			if now.Sub(v.at) > gone {
				delete(who, id)
			}
		}
		if len(who) < n {
			alerts = append(alerts, alert)
		}
		if len(who) == 0 {
			delete(p.seen, alert)
		}
	}
	return alerts
}

// presenceDelta is one message of the topic "presence".
type presenceDelta struct {
	Alert   string   `json:"alert"`
	Viewers []Viewer `json:"viewers"`
}

// Viewing notes that the actor has an alert open, and says who else has.
func (s *Service) Viewing(ctx context.Context, actor access.Actor, id string) ([]Viewer, error) {
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return nil, err
	}
	var a Alert
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		a, err = visible(tx, actor, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.presence.beat(id, actor) {
		s.publishPresence(id, a.scope())
	}
	return s.presence.viewers(id), nil
}

func (s *Service) publishPresence(id string, where ...access.Scope) {
	if s.opt.Hub == nil {
		return
	}
	_ = s.opt.Hub.PublishTo(topicPresence, presenceDelta{Alert: id, Viewers: s.presence.viewers(id)}, func(a access.Actor) bool {
		r := a.Reach(access.AlertView)
		return r.Everywhere() || slices.ContainsFunc(where, r.Covers)
	})
}

// expirePresence tells that somebody left. Who may see the alert is not known
// here any more, so that only those who see the whole city are told at once;
// others learn with their next beat.
func (s *Service) expirePresence() {
	for _, id := range s.presence.expire() {
		s.publishPresence(id)
	}
}
