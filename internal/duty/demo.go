package duty

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// SeedDemo plans three shifts a day for two weeks around now with the demo's
// people, and opens the duty book; all is labelled as the demo's. Where there
// are shifts already it does nothing.
func (s *Service) SeedDemo(ctx context.Context, now time.Time) error {
	var officers, leaders []Person
	for _, p := range s.everybody(ctx) {
		switch p.Role {
		case access.Duty:
			officers = append(officers, p)
		case access.IOCLeader:
			leaders = append(leaders, p)
		}
	}
	if len(officers) == 0 {
		return nil
	}
	day := caltime.Day(now)
	shifts := plan(minuteOf(day, -1, 6*60), minuteOf(day, 14, 6*60), ThreeShifts, officers)
	return s.db.Write(ctx, access.System("demo"), func(tx *store.Tx) error {
		taken, err := shiftsIn(tx, shifts[0].From, shifts[len(shifts)-1].To)
		if err != nil || len(taken) > 0 {
			return err
		}
		for i := range shifts {
			sh := &shifts[i]
			sh.ID, sh.Demo = uid.New(tx.Now), true
			sh.Name.Vi, sh.Name.En = sh.Name.Vi+" (demo)", sh.Name.En+" (demo)"
			if len(leaders) > 0 {
				l := leaders[i%len(leaders)]
				sh.People = append(sh.People, OnDuty{User: l.User, Name: l.Name, Post: PostOnCall})
			}
			if err := insertShift(tx, *sh); err != nil {
				return err
			}
		}
		tx.Emit(store.Event{Subject: "ioc.duty.planned." + shifts[0].ID, Entity: "duty_shift", EntityID: shifts[0].ID,
			After: map[string]any{"shifts": len(shifts), "demo": true}, Summary: "Xếp lịch trực minh hoạ (demo)"})
		_, err = s.Record(tx, LogDraft{Source: "Demo", Content: "Nhận ca. Hệ thống hoạt động bình thường, chưa có tin báo. (Dữ liệu minh hoạ)", Action: "Theo dõi", Result: "Không có gì mới"})
		return err
	})
}
