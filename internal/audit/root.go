package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"openioc.org/ioc/internal/caltime"
)

// Root is the anchor of a day, kept outside the records: what it stands for
// cannot be cut off or written anew without being found.
type Root struct {
	Day string    `json:"day" doc:"local date that had ended" example:"2026-11-26"`
	At  time.Time `json:"at" doc:"when it was taken"`
	Anchor
}

// RootsFile is the name of the file of roots in a data folder. Copy it to
// where nobody who can write the records can write.
const RootsFile = "audit-roots.jsonl"

// ReadRoots reads a file of roots; none is no fault. A last line that breaks
// off, as a power cut leaves it, is passed over.
func ReadRoots(path string) ([]Root, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseRoots(data)
}

func parseRoots(data []byte) (out []Root, err error) {
	whole := bytes.HasSuffix(data, []byte("\n"))
	lines := bufio.NewScanner(bytes.NewReader(data))
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var r Root
		if err = json.Unmarshal(lines.Bytes(), &r); err == nil && (r.Seq < 1 || len(r.Hash) != 64) {
			err = errors.New("no number or no hash")
		}
		if err != nil {
			err = fmt.Errorf("line %d: %w", n, err)
			if lines.Scan() || whole {
				return out, err
			}
			return out, nil
		}
		out = append(out, r)
	}
	return out, lines.Err()
}

// KeepRoots writes the root of each day that has ended into RootsPath, synced,
// until ctx ends; a day on which the program did not run has the root of the
// next start.
func (t *Trail) KeepRoots(ctx context.Context, now func() time.Time) error {
	for {
		if err := t.keepRoot(ctx, t.RootsPath, now()); err != nil && ctx.Err() == nil {
			return fmt.Errorf("root of the trail: %w", err)
		}
		next := caltime.Day(now()).AddDate(0, 0, 1).Add(time.Minute)
		timer := time.NewTimer(min(next.Sub(now()), time.Hour)) // a clock that is set, a machine that slept
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

func (t *Trail) keepRoot(ctx context.Context, path string, now time.Time) error {
	day := caltime.Day(now).AddDate(0, 0, -1).Format(time.DateOnly)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	have, err := parseRoots(data)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if len(have) > 0 && have[len(have)-1].Day >= day {
		return nil
	}
	head, err := t.Head(ctx)
	if err != nil || head.Seq == 0 {
		return err
	}
	line, err := json.Marshal(Root{Day: day, At: now.UTC(), Anchor: head})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return err
	}
	defer f.Close()
	whole := int64(bytes.LastIndexByte(data, '\n') + 1) // a line that broke off is written anew
	if err := f.Truncate(whole); err != nil {
		return err
	}
	if _, err := f.WriteAt(append(line, '\n'), whole); err != nil {
		return err
	}
	return f.Sync()
}

func (t *Trail) roots() ([]Root, error) {
	if t.RootsPath == "" {
		return nil, nil
	}
	return ReadRoots(t.RootsPath)
}

// Anchors are those of roots.
func Anchors(roots []Root) []Anchor {
	out := make([]Anchor, len(roots))
	for i, r := range roots {
		out[i] = r.Anchor
	}
	return out
}
