package incident

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

const (
	nearKm       = 3
	nearTime     = 2 * time.Hour
	mostProposal = 200 // alerts of one proposal: who confirms must be able to look through them
	mostNear     = 20  // incidents looked at for one alert
)

// SubjectsFollowed are the facts that OnFact wants (outbox.Reaction).
var SubjectsFollowed = []string{alertevent.Subject}

// OnFact keeps what the fact says of an alert, and proposes where it could
// belong: to an open incident close by, or with other alerts into a new one.
// It is the Handle of an outbox.Reaction.
func (s *Service) OnFact(tx *store.Tx, f outbox.Fact) error {
	if !strings.HasPrefix(f.Subject, alertevent.Subject) || len(f.After) == 0 {
		return nil
	}
	var a alertevent.Alert
	if err := json.Unmarshal(f.After, &a); err != nil {
		return fmt.Errorf("alert of fact %s: %w", f.ID, err)
	}
	if a.ID == "" {
		return nil
	}
	k, _, err := readKnown(tx, a.ID)
	if err != nil {
		return err
	}
	worse := a.Severity > k.Severity
	k.Alert = a
	if !k.open() && k.incident == "" {
		k.candidate = "" // nobody needs to decide about it any more
	}
	look := k.open() && !k.Suppressed && !k.Direct && !k.seen && k.incident == ""
	k.seen = k.seen || look
	if look {
		if err := s.propose(tx, &k); err != nil {
			return err
		}
	}
	if err := putKnown(tx, &k); err != nil {
		return err
	}
	if k.incident == "" {
		return nil
	}
	if worse && !look {
		if err := s.worsen(tx, k.incident, &k); err != nil {
			return err
		}
	}
	s.whisper(tx, k.incident, "alert", k)
	return nil
}

// propose looks for where an alert could belong.
func (s *Service) propose(tx *store.Tx, k *known) error {
	n := near{service: k.Service, area: k.Area, lon: k.Lon, lat: k.Lat, since: tx.Now.Add(-nearTime)}
	incidents, err := incidentsNear(tx, n, mostNear)
	if err != nil {
		return err
	}
	var proposal *neighbour
	for n := range incidents {
		i := &incidents[n]
		if !close3km(k.Lon, k.Lat, k.Area, i.lon, i.lat, i.area) {
			continue
		}
		no, err := refused(tx, i.id, k.ID)
		if err != nil {
			return err
		}
		switch {
		case no:
		case i.state == Open: // what people work on goes before what is only proposed
			k.candidate = i.id
			s.whisper(tx, i.id, "candidate", *k)
			return nil
		case proposal == nil:
			proposal = i
		}
	}
	if proposal != nil {
		return s.grow(tx, proposal, k)
	}
	if k.refused {
		return nil
	}
	others, err := looseNear(tx, n, mostProposal)
	if err != nil {
		return err
	}
	group := []known{}
	for _, o := range others {
		if o.ID != k.ID && close3km(k.Lon, k.Lat, k.Area, o.Lon, o.Lat, o.Area) {
			group = append(group, o)
		}
	}
	if len(group) == 0 {
		return nil
	}
	return s.proposeNew(tx, k, group)
}

// grow adds an alert to a proposal. The proposal leaves no trace for each: it
// owns nothing until somebody confirms it, and a storm must stay cheap.
func (s *Service) grow(tx *store.Tx, p *neighbour, k *known) error {
	if p.alerts >= mostProposal {
		return nil
	}
	k.incident = p.id
	if k.Severity > p.severity || k.Estimated {
		if err := s.worsen(tx, p.id, k); err != nil {
			return err
		}
	}
	if err := grown(tx, p.id); err != nil {
		return err
	}
	s.whisper(tx, p.id, "proposal", *k)
	return nil
}

// worsen lets a proposal follow its gravest alert: in severity and name. What
// people have confirmed keeps what they said of it.
func (s *Service) worsen(tx *store.Tx, id string, k *known) error {
	i, ok, err := readIncident(tx, everything, id)
	if err != nil || !ok || i.State != Proposed || k.Severity <= i.Severity && i.Estimated == (i.Estimated || k.Estimated) {
		return err
	}
	if k.Severity > i.Severity {
		i.Severity, i.Title = k.Severity, clip(k.Title.In(msg.Vi), mostTitle)
	}
	i.Estimated = i.Estimated || k.Estimated
	doc, err := i.document()
	if err != nil {
		return err
	}
	_, err = tx.Mark("update incident set severity = $2, fold = $3, doc = $4 where id = $1", i.ID, int(i.Severity), i.fold(), doc)
	return err
}

func (s *Service) proposeNew(tx *store.Tx, k *known, group []known) error {
	all := append([]known{*k}, group...)
	gravest := 0
	for n := range all {
		if all[n].Severity > all[gravest].Severity {
			gravest = n
		}
	}
	system := personOf(tx.Actor)
	i := Incident{
		ID: uid.New(tx.Now), Version: 1, State: Proposed, Title: clip(all[gravest].Title.In(msg.Vi), mostTitle), Service: k.Service,
		Severity: all[gravest].Severity, OpenedAt: tx.Now, Changed: Change{Step: entryPropose, By: system, At: tx.Now},
	}
	s.placed(&i, append([]known{all[gravest]}, all...), tx)
	i.ProposalWhy = whyTogether(len(all), i.Service, i.AreaName)
	var err error
	if i.Number, err = nextNumber(tx, "SC", year(tx.Now)); err != nil {
		return err
	}
	k.incident = i.ID
	for n := range group {
		group[n].incident, group[n].seen = i.ID, true
		if err := putKnown(tx, &group[n]); err != nil {
			return err
		}
	}
	if err := putKnown(tx, k); err != nil {
		return err
	}
	if err := s.entry(tx, Entry{incident: i.ID, Step: entryPropose, To: string(Proposed), Comment: i.ProposalWhy.Vi, Data: alertData(all)}); err != nil {
		return err
	}
	return s.commit(tx, nil, &i, "proposed", "Đề xuất sự cố "+i.Number+": "+i.ProposalWhy.Vi, nil)
}

func whyTogether(n int, service, area string) *msg.Text {
	name := serviceTitle(service)
	t := msg.Text{
		Vi: fmt.Sprintf("%d cảnh báo cùng lĩnh vực %s trong bán kính %d km hoặc cùng địa bàn, trong vòng 2 giờ", n, name.Vi, nearKm),
		En: fmt.Sprintf("%d alerts of the service “%s” within %d km or in the same area, within 2 hours", n, name.En, nearKm),
	}
	if area != "" {
		t.Vi, t.En = t.Vi+" ("+area+")", t.En+" ("+area+")"
	}
	if n >= mostProposal {
		t.Vi, t.En = t.Vi+"; còn nữa, đã dừng ở giới hạn", t.En+"; there are more, this is the limit"
	}
	return &t
}

// close3km says whether two places are near enough to be one incident.
func close3km(lon, lat *float64, area string, lon2, lat2 *float64, area2 string) bool {
	if lon != nil && lat != nil && lon2 != nil && lat2 != nil {
		if geo.Distance(geo.Point{*lon, *lat}, geo.Point{*lon2, *lat2}) <= nearKm*1000 {
			return true
		}
	}
	return area != "" && area == area2
}

// whisperEvery bounds how often browsers hear of what grows by itself.
const whisperEvery = time.Second

// whisper tells browsers of a change that the program made, at most once a
// second for each incident.
func (s *Service) whisper(tx *store.Tx, id, kind string, k known) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.told[id]; ok && tx.Now.Sub(at) < whisperEvery && !tx.Now.Before(at) {
		return
	}
	if len(s.told) > 1000 {
		clear(s.told)
	}
	s.told[id] = tx.Now
	s.publish(tx, "incidents", id, kind, nil, k.Area, k.Service)
}
