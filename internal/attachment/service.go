package attachment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/blob"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store  *store.DB
	Files  *blob.Store
	Clock  *clock.Clock
	Logger *slog.Logger // nil discards
	// Visible are asked, one after the other, whether the actor may see
	// something that the file hangs on. Who uploaded it and who sees the whole
	// city's alerts or incidents need not be asked about. Add appends more.
	Visible []func(ctx context.Context, actor access.Actor, id string) bool
	TempDir string // where bodies grow before they are looked at; "" is the system's
}

// Service keeps attachments; it is safe for concurrent use.
type Service struct {
	db    *store.DB
	files *blob.Store
	clock *clock.Clock
	log   *slog.Logger
	temp  string

	mu      sync.Mutex
	visible []func(ctx context.Context, actor access.Actor, id string) bool
	sending map[string]int // uploads under way, by actor

	looking chan struct{} // a file is looked at in memory, two at a time
}

// sendingMost is how many files one person sends at once; a browser sends up
// to six.
const sendingMost = 6

// New makes the tables.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Files == nil {
		return nil, errors.New("attachment needs records and files")
	}
	s := &Service{
		db: o.Store, files: o.Files, clock: o.Clock, log: o.Logger, temp: o.TempDir, visible: o.Visible,
		sending: map[string]int{}, looking: make(chan struct{}, 2),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, s.db.Migrate(ctx, "attachment", migrations)
}

// OnVisible adds one who knows who may see a file (Options.Visible); domains
// that are made after this engine hang themselves here.
func (s *Service) OnVisible(f func(ctx context.Context, actor access.Actor, id string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visible = append(s.visible, f)
}

// Draft is a file to be taken in.
type Draft struct {
	Name         string
	Body         io.Reader
	KeepPosition bool
}

// mayUpload holds for whoever may hang a file on anything.
func mayUpload(actor access.Actor) error {
	for _, p := range []access.Permission{access.AlertHandle, access.AlertAnswer, access.IncidentHandle, access.TaskAnswer, access.DirectiveGive, access.DutyLog} {
		if actor.Can(p, access.Scope{}) {
			return nil
		}
	}
	return access.Require(actor, access.IncidentHandle, access.Scope{})
}

// Add takes a file in: looks at what it is, strips it and keeps it.
func (s *Service) Add(ctx context.Context, actor access.Actor, d Draft) (File, error) {
	if err := mayUpload(actor); err != nil {
		return File{}, err
	}
	leave, err := s.enter(actor.ID)
	if err != nil {
		return File{}, err
	}
	defer leave()
	// The sender may be slow: meanwhile the file costs disk, not memory.
	grown, err := os.CreateTemp(s.temp, "ioc-upload-*")
	if err != nil {
		return File{}, fmt.Errorf("upload: %w", err)
	}
	defer func() {
		_ = grown.Close()
		_ = os.Remove(grown.Name())
	}()
	n, err := io.Copy(grown, io.LimitReader(d.Body, MaxSize+1))
	switch {
	case n > MaxSize:
		return File{}, errTooLarge.With("limit", MaxSize>>20)
	case err != nil:
		if _, is := fault.As(err); is || ctx.Err() != nil {
			return File{}, err
		}
		return File{}, errCut.With().Because(err)
	}
	select {
	case s.looking <- struct{}{}:
		defer func() { <-s.looking }()
	case <-ctx.Done():
		return File{}, ctx.Err()
	}
	data := make([]byte, n)
	if _, err := grown.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("upload: %w", err)
	}
	return s.keep(ctx, actor, d, data)
}

func (s *Service) enter(id string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sending[id] >= sendingMost {
		return nil, errBusy.With()
	}
	s.sending[id]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.sending[id]--; s.sending[id] == 0 {
			delete(s.sending, id)
		}
	}, nil
}

func (s *Service) keep(ctx context.Context, actor access.Actor, d Draft, data []byte) (File, error) {
	k, err := sniff(data, d.Name)
	if err != nil {
		return File{}, err
	}
	clean, err := strip(k, data)
	if err != nil {
		return File{}, err
	}
	sum := sha256.Sum256(clean.data)
	f := File{
		ID: uid.New(s.clock.Now()), Name: cleanName(d.Name, k), Type: k.media, Size: int64(len(clean.data)), SHA256: hex.EncodeToString(sum[:]),
		Width: clean.width, Height: clean.height, By: By{ID: actor.ID, Name: actor.Name}, unit: actor.Unit,
	}
	if o := clean.exif.orientation; o >= 5 { // it lies on its side
		f.Width, f.Height = f.Height, f.Width
	}
	if d.KeepPosition {
		f.Position = clean.exif.position
	}
	if _, err := s.files.Put(ctx, key(f.ID), bytes.NewReader(clean.data)); err != nil {
		return File{}, err
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		f.At = tx.Now
		if err := insertFile(tx, f); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.attachment.added." + f.ID, Entity: "attachment", EntityID: f.ID, After: f,
			Summary: "Tải lên tệp " + f.Name})
		return nil
	})
	if err != nil {
		_ = s.files.Delete(context.WithoutCancel(ctx), key(f.ID)) // Sweep finds it otherwise
		return File{}, err
	}
	return f, nil
}

func key(id string) string { return "attachment/" + id }

// Open returns a file that the actor may see, with its content, which the
// caller closes.
func (s *Service) Open(ctx context.Context, actor access.Actor, id string) (File, io.ReadSeekCloser, error) {
	if !actor.Can(access.AlertView, access.Scope{}) {
		if err := access.Require(actor, access.IncidentView, access.Scope{}); err != nil {
			return File{}, nil, err
		}
	}
	if !validID(id) {
		return File{}, nil, errMissing.With()
	}
	var f File
	var ok bool
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		f, ok, err = readFile(tx, id)
		return err
	})
	if err != nil {
		return File{}, nil, err
	}
	if !ok || !s.maySee(ctx, actor, f) {
		return File{}, nil, errMissing.With()
	}
	r, _, err := s.files.Get(ctx, key(id))
	return f, r, err
}

func (s *Service) maySee(ctx context.Context, actor access.Actor, f File) bool {
	if f.By.ID == actor.ID || actor.Reach(access.AlertView).Everywhere() && actor.Reach(access.IncidentView).Everywhere() {
		return true
	}
	s.mu.Lock()
	ask := s.visible
	s.mu.Unlock()
	for _, f2 := range ask {
		if f2(ctx, actor, f.ID) {
			return true
		}
	}
	return false
}

// Check returns the files of the ids, in their order. Inside a Write it is the
// moment of hanging them on something: they must be the actor's own or in use
// already, and are kept from now on. Inside a Read it only looks. An id that
// is not there is the fault attachment.unknown.
func (s *Service) Check(tx *store.Tx, ids []string) ([]File, error) {
	if len(ids) > mostAtOnce {
		return nil, errMany.With("limit", mostAtOnce)
	}
	writing := tx.Actor.Known()
	out := make([]File, 0, len(ids))
	for _, id := range ids {
		if !validID(id) {
			return nil, errUnknown.With("id", shown(id))
		}
		f, ok, err := readFile(tx, id)
		if err != nil {
			return nil, err
		}
		if !ok || writing && !f.used && f.By.ID != tx.Actor.ID && !tx.Actor.IsSystem() {
			return nil, errUnknown.With("id", id)
		}
		if writing && !f.used {
			if err := markUsed(tx, id); err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// Files returns the files of the ids that are there, in their order; for
// showing what was hung on something long ago.
func (s *Service) Files(tx *store.Tx, ids []string) ([]File, error) {
	out := make([]File, 0, len(ids))
	for _, id := range ids {
		f, ok, err := readFile(tx, id)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, f)
		}
	}
	return out, nil
}

func shown(id string) string {
	if len(id) > 40 {
		id = id[:40] + "…"
	}
	return strings.ToValidUTF8(id, "?")
}

// sweepEvery is how often Run looks for files that nobody uses.
const sweepEvery = time.Hour

// Run sweeps until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for {
		if _, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("unused attachments could not be swept", "err", err)
		}
		if s.clock.Sleep(ctx, sweepEvery) != nil {
			return nil
		}
	}
}

// Sweep deletes the files that nobody used within a day, and what a sudden
// end left without a record; it says how many.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	n := 0
	for {
		var gone []File
		err := s.db.Write(ctx, access.System("attachment"), func(tx *store.Tx) (err error) {
			if gone, err = unusedSince(tx, tx.Now.Add(-keptUnused), 100); err != nil {
				return err
			}
			for _, f := range gone {
				if err := deleteFile(tx, f.ID); err != nil {
					return err
				}
				tx.Emit(store.Event{Subject: "ioc.attachment.swept." + f.ID, Entity: "attachment", EntityID: f.ID, Before: f,
					Summary: "Xoá tệp không dùng " + f.Name})
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		for _, f := range gone {
			if err := s.files.Delete(ctx, key(f.ID)); err != nil {
				return n, err
			}
			n++
		}
		if len(gone) < 100 {
			break
		}
	}
	lost, err := s.sweepLost(ctx)
	return n + lost, err
}

func (s *Service) sweepLost(ctx context.Context) (int, error) {
	all, err := s.files.List(ctx, "attachment")
	if err != nil {
		return 0, err
	}
	// The machine's clock: these are ages of files on this machine.
	old := time.Now().Add(-keptUnused)
	var ids []string
	for _, i := range all {
		if i.Changed.Before(old) {
			ids = append(ids, strings.TrimPrefix(i.Key, "attachment/"))
		}
	}
	var rows map[string]bool
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = known(tx, ids)
		return err
	})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, id := range ids {
		if rows[id] {
			continue
		}
		if err := s.files.Delete(ctx, key(id)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
