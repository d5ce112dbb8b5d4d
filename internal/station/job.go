package station

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/blob"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/uid"
)

// Files keeps finished exports.
type Files interface {
	Put(ctx context.Context, key string, r io.Reader) (blob.Info, error)
	Get(ctx context.Context, key string) (io.ReadSeekCloser, blob.Info, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) ([]blob.Info, error)
}

// The states of a job.
const (
	Queued  = "queued"
	Running = "running"
	Done    = "done"
	Failed  = "failed"
)

// Job is an export that runs by itself.
type Job struct {
	ID       string    `json:"id"`
	State    string    `json:"state" enum:"queued,running,done,failed"`
	Progress float64   `json:"progress" doc:"share done, 0–1"`
	Rows     int       `json:"rows" doc:"written so far"`
	Format   string    `json:"format"`
	Made     time.Time `json:"made"`
	URL      string    `json:"url,omitempty" doc:"where the file is, once done"`
	Error    string    `json:"error,omitempty"`

	owner string
	plan  *plan
}

var (
	errNoJob  = fault.Define(fault.NotFound, "station.export_not_found", "there is no export {export}; finished ones are kept for {hours} h", "không có tác vụ xuất {export}; tệp đã xong được giữ {hours} giờ")
	errQueue  = fault.Define(fault.TooMany, "station.export_queue", "too many exports are waiting; try again later", "quá nhiều tác vụ xuất đang chờ, hãy thử lại sau")
	errNotYet = fault.Define(fault.Conflict, "station.export_not_ready", "the export {export} is {state}", "tác vụ xuất {export} chưa xong ({state})")
)

const (
	keepJobs  = 24 * time.Hour
	mostJobs  = 64
	smallRows = 300_000 // streamed without a job
	prefix    = "export"
)

// jobs are the exports of this life of the program, one at a time.
type jobs struct {
	mu    sync.Mutex
	byID  map[string]*Job
	queue chan *Job
}

func newJobs() *jobs { return &jobs{byID: map[string]*Job{}, queue: make(chan *Job, mostJobs)} }

// Export queues a job.
func (s *Service) Export(_ context.Context, actor access.Actor, r Request) (Job, error) {
	if err := access.Require(actor, access.ExportData, access.Scope{}); err != nil {
		return Job{}, err
	}
	p, err := s.plan(r)
	if err != nil {
		return Job{}, err
	}
	now := s.o.Clock.Now()
	j := &Job{ID: uid.New(now), State: Queued, Format: p.Format, Made: now, owner: actor.ID, plan: p}
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	select {
	case s.jobs.queue <- j:
		s.jobs.byID[j.ID] = j
		return *j, nil
	default:
		return Job{}, errQueue.With()
	}
}

// Job tells how an export is doing; only who made it may ask.
func (s *Service) Job(actor access.Actor, id string) (Job, error) {
	if err := access.Require(actor, access.ExportData, access.Scope{}); err != nil {
		return Job{}, err
	}
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	j := s.jobs.byID[id]
	if j == nil || j.owner != actor.ID {
		return Job{}, errNoJob.With("export", id, "hours", int(keepJobs.Hours()))
	}
	return *j, nil
}

// File opens a finished export.
func (s *Service) File(ctx context.Context, actor access.Actor, id string) (Job, io.ReadSeekCloser, error) {
	j, err := s.Job(actor, id)
	if err != nil {
		return j, nil, err
	}
	if j.State != Done {
		return j, nil, errNotYet.With("export", id, "state", j.State)
	}
	f, _, err := s.o.Files.Get(ctx, j.key())
	return j, f, err
}

func (j *Job) key() string { return prefix + "/" + j.ID + "." + j.Format }

// Run works through the exports until ctx ends, and throws away old files.
func (s *Service) Run(ctx context.Context) error {
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("old exports not deleted, trying again after the next one", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case j := <-s.jobs.queue:
			s.work(ctx, j)
		}
	}
}

func (s *Service) work(ctx context.Context, j *Job) {
	set := func(f func()) {
		s.jobs.mu.Lock()
		f()
		s.jobs.mu.Unlock()
	}
	set(func() { j.State = Running })
	pr, pw := io.Pipe()
	written := make(chan error, 1)
	go func() {
		_, err := s.write(ctx, j.plan, pw, func(rows int, share float64) {
			set(func() { j.Rows, j.Progress = rows, min(share, 0.99) })
		})
		pw.CloseWithError(err)
		written <- err
	}()
	_, err := s.o.Files.Put(ctx, j.key(), pr)
	pr.CloseWithError(errors.New("the file could not be kept")) // ends a writer that goes on
	err = errors.Join(<-written, err)
	set(func() {
		j.plan = nil
		if err == nil {
			j.State, j.Progress, j.URL = Done, 1, "/api/v1/exports/"+j.ID+"/file"
			return
		}
		j.State, j.Error = Failed, "the export failed"
		if f, ok := fault.As(err); ok {
			j.Error = f.Error()
		}
	})
	if err != nil && ctx.Err() == nil {
		s.o.Logger.Error("export", "export", j.ID, "err", err)
	}
}

// sweep deletes exports that nobody can ask for any more.
func (s *Service) sweep(ctx context.Context) error {
	files, err := s.o.Files.List(ctx, prefix)
	if err != nil {
		return fmt.Errorf("list exports: %w", err)
	}
	now := s.o.Clock.Now()
	s.jobs.mu.Lock()
	var keep []string
	for id, j := range s.jobs.byID {
		if now.Sub(j.Made) > keepJobs && (j.State == Done || j.State == Failed) {
			delete(s.jobs.byID, id)
			continue
		}
		keep = append(keep, j.key())
	}
	s.jobs.mu.Unlock()
	for _, f := range files {
		if slices.Contains(keep, f.Key) {
			continue
		}
		if err := s.o.Files.Delete(ctx, f.Key); err != nil {
			return fmt.Errorf("delete export %s: %w", f.Key, err)
		}
	}
	return nil
}
