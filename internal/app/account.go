package app

import (
	"context"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/config"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
)

// withIdentity opens the records alone, for the commands of the terminal; the
// trail hangs on them as it does in a running city.
func withIdentity(ctx context.Context, cfg config.Config, f func(*identity.Service) error) error {
	db, err := store.Open(ctx, store.Options{URL: cfg.Store.URL.Reveal(), Dir: cfg.Data.Dir})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := audit.New(ctx, db); err != nil {
		return err
	}
	s, err := identity.New(ctx, identity.Options{Store: db})
	if err != nil {
		return err
	}
	return f(s)
}

// AddUser makes an account from the terminal and returns its first password.
// unit is where the role holds, "" the whole city.
func AddUser(ctx context.Context, cfg config.Config, username, name, role, unit string) (password string, err error) {
	err = withIdentity(ctx, cfg, func(s *identity.Service) error {
		password = identity.OneTimePassword()
		if name == "" {
			name = username
		}
		_, err := s.CreateUser(ctx, access.System("terminal"), identity.Draft{Username: username, Name: name, Role: access.Role(role), Unit: unit, Reason: "tạo từ dòng lệnh", Password: password})
		return err
	})
	return password, err
}

// ResetPassword gives an account a new first password from the terminal.
func ResetPassword(ctx context.Context, cfg config.Config, username string) (password string, err error) {
	err = withIdentity(ctx, cfg, func(s *identity.Service) error {
		password = identity.OneTimePassword()
		return s.ResetPassword(ctx, access.System("terminal"), username, password)
	})
	return password, err
}

// ResetSecondFactor takes the second factors of an account from the terminal;
// its sessions end.
func ResetSecondFactor(ctx context.Context, cfg config.Config, username string) error {
	return withIdentity(ctx, cfg, func(s *identity.Service) error {
		return s.ResetSecondFactorOf(ctx, access.System("terminal"), username)
	})
}
