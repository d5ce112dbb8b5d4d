package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

// conditions lists every change of a condition that the rules told, by event
// time: what a replay raised and cleared.
func (a *App) conditions(ctx context.Context) ([]alertevent.Condition, error) {
	out := []alertevent.Condition{}
	for cursor := ""; ; {
		entries, next, err := a.parts.trail.List(ctx, access.System("replay"), audit.Filter{Entity: "condition", Limit: audit.MaxLimit, Cursor: cursor})
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			var c alertevent.Condition
			if err := json.Unmarshal(e.After, &c); err != nil {
				return nil, fmt.Errorf("condition of event %s: %w", e.ID, err)
			}
			c.Evidence = nil
			out = append(out, c)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	slices.Reverse(out) // the trail lists the newest first
	slices.SortStableFunc(out, func(x, y alertevent.Condition) int { return x.At.Compare(y.At) })
	return out, nil
}

// writeConditions prints them for people: one line for each change, with the
// time of the data, then how many alerts there were of each rule.
func writeConditions(w io.Writer, lang msg.Lang, list []alertevent.Condition) error {
	var b strings.Builder
	raised := map[string]int{}
	open := map[string]bool{}
	for _, c := range list {
		what := c.Severity.Title().In(lang)
		if c.Severity == alertevent.None {
			what = msg.Text{Vi: "HẾT", En: "CLEARED"}.In(lang)
			open[c.Fingerprint] = false
		} else if !open[c.Fingerprint] {
			raised[c.Rule]++
			open[c.Fingerprint] = true
		}
		fmt.Fprintf(&b, "  %s  %-11s %-18s %s\n", c.At.In(caltime.Zone).Format("02/01/2006 15:04"), what, c.Rule, c.Title.In(lang))
	}
	rules := make([]string, 0, len(raised))
	for r := range raised {
		rules = append(rules, r)
	}
	slices.Sort(rules)
	head := msg.Text{Vi: "Cảnh báo: {n} thay đổi", En: "Alerts: {n} changes"}.Format(lang, map[string]any{"n": len(list)})
	for _, r := range rules {
		head += fmt.Sprintf(", %s %d", r, raised[r])
	}
	_, err := io.WriteString(w, head+"\n"+b.String())
	return err
}

// endReplay brings rules and their followers to the end of the data and says
// what was raised.
func (a *App) endReplay(ctx context.Context, end time.Time) error {
	if err := a.parts.rules.Finish(ctx, end); err != nil {
		return err
	}
	if err := a.caughtUp(ctx); err != nil {
		return err
	}
	list, err := a.conditions(ctx)
	if err != nil {
		return err
	}
	return writeConditions(a.o.Out, a.o.Lang, list)
}
