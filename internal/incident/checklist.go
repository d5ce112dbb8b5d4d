package incident

import (
	"context"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// SOPs returns the library.
func (s *Service) SOPs(ctx context.Context, actor access.Actor) ([]SOP, error) {
	if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
		return nil, err
	}
	var list []SOP
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = listSOPs(tx)
		return err
	})
	return list, err
}

// SOP returns a procedure of the library.
func (s *Service) SOP(ctx context.Context, actor access.Actor, id string) (SOP, error) {
	if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
		return SOP{}, err
	}
	var p SOP
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var ok bool
		var err error
		if p, ok, err = readSOP(tx, id); err == nil && !ok {
			err = errSOPMissing.With("id", clip(id, 60))
		}
		return err
	})
	return p, err
}

// SaveSOP writes a new version of a procedure, or a new procedure. A version
// other than 0 must be the one in the library. Incidents keep the version that
// they copied.
func (s *Service) SaveSOP(ctx context.Context, actor access.Actor, p SOP) (SOP, error) {
	if err := access.Require(actor, access.IncidentHandle, access.Scope{Service: p.Service}); err != nil {
		return SOP{}, err
	}
	if err := p.check(); err != nil {
		return SOP{}, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		have, ok, err := readSOP(tx, p.ID)
		if err != nil {
			return err
		}
		if ok && p.Version != 0 && p.Version != have.Version {
			who := "Hệ thống"
			if have.ChangedBy != nil {
				who = have.ChangedBy.Name
			}
			return errSOPChanged.With("who", who, "version", have.Version)
		}
		p.Version = have.Version + 1
		return saveSOP(tx, &p, actor)
	})
	return p, err
}

// AssignSOP gives an incident a procedure, or takes it away with "".
func (s *Service) AssignSOP(ctx context.Context, actor access.Actor, incident, sop string) (Incident, error) {
	if err := access.Require(actor, access.IncidentHandle, access.Scope{}); err != nil {
		return Incident{}, err
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		i, ok, err := readIncident(tx, actor.Reach(access.IncidentView), incident)
		if err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
		}
		if err := may(tx, actor, incident, access.IncidentHandle); err != nil {
			return err
		}
		if i.State != Open && i.State != Resolved {
			return errState.With("state", i.State.Title(), "did", text("gán quy trình", "given an SOP"))
		}
		before := i
		if err := s.assignSOP(tx, &i, sop, false); err != nil {
			return err
		}
		return s.commit(tx, &before, &i, "changed", actor.Name+" gán quy trình cho sự cố "+i.Number, nil)
	})
	if err != nil {
		return Incident{}, err
	}
	return s.one(ctx, actor, incident)
}

// assignSOP copies a procedure's steps into the incident; their times run from
// now. lenient passes over a procedure that the library does not know: a rule
// may name one of another city.
func (s *Service) assignSOP(tx *store.Tx, i *Incident, id string, lenient bool) error {
	if id == "" && (lenient || i.SOP == "") {
		return nil
	}
	var p SOP
	if id != "" {
		var ok bool
		var err error
		if p, ok, err = readSOP(tx, id); err != nil {
			return err
		}
		if !ok {
			if lenient {
				return nil
			}
			return errSOPMissing.With("id", clip(id, 60))
		}
	}
	if _, err := tx.Exec("delete from incident_sop_step where incident = $1", i.ID); err != nil {
		return err
	}
	for n, d := range p.Steps {
		st := SOPStep{N: n + 1, SOPDraft: d, State: SOPOpen, DueAt: tx.Now.Add(time.Duration(d.Minutes) * time.Minute)}
		if err := putSOPStep(tx, i.ID, st); err != nil {
			return err
		}
	}
	was := i.SOP
	i.SOP, i.SOPVersion, i.SOPTitle, i.ProofRequired = p.ID, p.Version, nil, p.ProofToClose
	if id != "" {
		i.SOPTitle = &p.Title
	}
	tx.After(s.wakeUp)
	return s.entry(tx, Entry{incident: i.ID, Step: entrySOPAssign, From: string(i.State), To: string(i.State),
		Data: map[string]any{"sop": p.ID, "version": p.Version, "title": p.Title, "sop_before": was}})
}

// MarkSOP does, skips or reopens a step of the checklist.
func (s *Service) MarkSOP(ctx context.Context, actor access.Actor, incident string, n int, state, comment string, files []string) ([]SOPStep, error) {
	if err := mayAnswer(actor); err != nil {
		return nil, err
	}
	var out []SOPStep
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		i, ok, err := readIncident(tx, actor.Reach(access.IncidentView), incident)
		if err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
		}
		if err := may(tx, actor, incident, takePart...); err != nil {
			return err
		}
		if i.State != Open && i.State != Resolved {
			return errState.With("state", i.State.Title(), "did", text("làm theo quy trình", "worked through"))
		}
		steps, err := sopStepsOf(tx, i.ID)
		if err != nil {
			return err
		}
		if n < 1 || n > len(steps) {
			return errSOPStep.With("n", n)
		}
		st, err := steps[n-1].mark(state, comment, files, personOf(actor), tx.Now)
		if err != nil {
			return err
		}
		if err := s.attach(tx, files, i.ID, "", "sop_"+state); err != nil {
			return err
		}
		if err := putSOPStep(tx, i.ID, st); err != nil {
			return err
		}
		if err := s.entry(tx, Entry{incident: i.ID, Step: entrySOP, From: steps[n-1].State, To: state, Comment: st.Comment, files: files,
			Data: map[string]any{"n": n, "state": state, "title": st.Title, "late": st.late(tx.Now)}}); err != nil {
			return err
		}
		before := i
		if err := s.commit(tx, &before, &i, "sop", fmt.Sprintf("%s: bước %d của sự cố %s – %s", actor.Name, n, i.Number, state), nil); err != nil {
			return err
		}
		out, err = s.checklist(tx, i.ID)
		return err
	})
	return out, err
}

// checklist reads the steps as they are shown: with files, and late as of now.
func (s *Service) checklist(tx *store.Tx, incident string) ([]SOPStep, error) {
	steps, err := sopStepsOf(tx, incident)
	if err != nil {
		return nil, err
	}
	for n := range steps {
		st := &steps[n]
		st.Late = st.late(tx.Now)
		if st.Attachments, err = s.fill(tx, st.files); err != nil {
			return nil, err
		}
	}
	return steps, nil
}
