package incident

import (
	"context"
	"strings"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// Say adds a message to the thread.
func (s *Service) Say(ctx context.Context, actor access.Actor, id, words string, files []string) (Message, error) {
	if err := mayAnswer(actor); err != nil {
		return Message{}, err
	}
	words = strings.TrimSpace(vi.NFC(words))
	bad := errStep.With()
	switch {
	case words == "" && len(files) == 0:
		bad.At("text", errNeeded.With())
	case utf8.RuneCountInString(words) > mostComment:
		bad.At("text", errTooLong.With("limit", mostComment))
	}
	if err := orNil(bad); err != nil {
		return Message{}, err
	}
	m := Message{By: personOf(actor), Text: words}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		i, ok, err := readIncident(tx, actor.Reach(access.IncidentView), id)
		if err != nil {
			return err
		}
		if !ok {
			return errMissing.With()
		}
		if err := may(tx, actor, id, takePart...); err != nil {
			return err
		}
		if !i.State.active() && i.State != Closed {
			return errState.With("state", i.State.Title(), "did", text("trao đổi", "talked about"))
		}
		if err := s.attach(tx, files, i.ID, "", entryMessage); err != nil {
			return err
		}
		p := m.By
		e := Entry{incident: i.ID, Step: entryMessage, Comment: words, files: files, Actor: &p, Data: map[string]any{}}
		if err := insertEntry(tx, &e); err != nil {
			return err
		}
		m.ID, m.At = e.ID, e.At
		if m.Attachments, err = s.files.Files(tx, files); err != nil {
			return err
		}
		before := i
		i.Messages++
		return s.commit(tx, &before, &i, "message", actor.Name+" nhắn trong sự cố "+i.Number, nil)
	})
	return m, err
}
