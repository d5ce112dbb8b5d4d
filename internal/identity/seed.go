package identity

import (
	"cmp"
	"context"
	"crypto/rand"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// FirstAdmin is the user name that EnsureFirstAdmin gives.
const FirstAdmin = "admin"

// demoUnit is Xã Hòa Tiến, where the demo's unit officers work: the flood that
// the demo replays reaches it.
const demoUnit = "20332"

var demoUsers = []Draft{
	{Username: "admin", Name: "Quản trị hệ thống", Role: access.Admin},
	{Username: "leader", Name: "Lãnh đạo thành phố", Role: access.Leader},
	{Username: "ioclead", Name: "Lãnh đạo IOC", Role: access.IOCLeader},
	{Username: "duty", Name: "Trực ban IOC", Role: access.Duty},
	{Username: "unitlead", Name: "Chủ tịch UBND xã Hòa Tiến", Role: access.UnitLeader, Unit: demoUnit},
	{Username: "unit", Name: "Cán bộ đầu mối xã Hòa Tiến", Role: access.Unit, Unit: demoUnit},
	{Username: "citizen", Name: "Công dân", Role: access.Citizen},
	{Username: "officer", Name: "Cán bộ một cửa xã Hòa Tiến", Role: access.Officer, Unit: demoUnit},
	{Username: "security", Name: "An toàn thông tin", Role: access.Security},
	{Username: "dataadmin", Name: "Quản trị dữ liệu", Role: access.DataAdmin},
	{Username: "analyst", Name: "Chuyên viên giám sát IOC", Role: access.Analyst},
}

// DemoAccounts are the user names of EnsureDemoUsers.
func DemoAccounts() []string {
	names := make([]string, len(demoUsers))
	for i, d := range demoUsers {
		names[i] = d.Username
	}
	return names
}

// EnsureDemoUsers makes the demo's accounts, all with one password that meets
// no rules and need not be changed, and gives them that password again when it
// was another. Never call it on a city's own records.
func (s *Service) EnsureDemoUsers(ctx context.Context, password string) error {
	s.relax()
	actor := access.System("demo")
	have := map[string]User{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		users, err := listUsers(tx)
		for _, u := range users {
			have[u.Username] = u
		}
		return err
	})
	if err != nil {
		return err
	}
	// One hash for all: the demo starts sooner, and says its password
	// aloud anyway.
	hash := ""
	if u, ok := have[demoUsers[0].Username]; ok {
		same, err := s.hasher.verify(ctx, password, u.password)
		if err != nil {
			return err
		}
		if same {
			hash = u.password
		}
	}
	if hash == "" {
		if hash, err = s.hasher.hash(ctx, password); err != nil {
			return err
		}
	}
	for _, d := range demoUsers {
		u, exists := have[d.Username]
		now := s.now()
		switch {
		case !exists:
			d.Reason = "tài khoản minh họa"
			var g Grant
			if u, g, err = s.draft(actor, d); err == nil {
				u.password = hash
				err = s.add(ctx, actor, &u, &g, "created", nil)
			}
		case u.password != hash || u.MustChange:
			err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
				tx.Emit(store.Event{Subject: "ioc.identity.password_set." + u.ID, Entity: "user", EntityID: u.ID, Summary: "đặt lại mật khẩu " + u.Username})
				tx.After(s.cache.clear)
				return setPassword(tx, u.ID, hash, false, now, s.policy().History)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// EnsureFirstAdmin makes the account "admin" when there is none at all. With a
// chosen password (an installation by script) it holds as it is and "" is
// returned; else a one-time password is made and returned, which must be
// changed at the first sign-in and is not kept anywhere. With accounts there
// already it does nothing.
func (s *Service) EnsureFirstAdmin(ctx context.Context, chosen string) (password string, err error) {
	var n int
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("select count(*) from user_account").Scan(&n)
	})
	if err != nil || n > 0 {
		return "", err
	}
	if chosen == "" {
		password = OneTimePassword()
	}
	_, err = s.create(ctx, access.System("setup"), Draft{
		Username: FirstAdmin, Name: "Quản trị hệ thống", Role: access.Admin, Password: cmp.Or(chosen, password),
	}, chosen == "")
	return password, err
}

// OneTimePassword makes a password that meets every policy: it has 80 random bits and a character of every class.
func OneTimePassword() string {
	r := rand.Text()[:16] // A–Z and 2–7
	return r[:4] + "-" + strings.ToLower(r[4:8]) + "-" + r[8:12] + "-" + strings.ToLower(r[12:]) + "-7aA"
}
