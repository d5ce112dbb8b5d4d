package app

import (
	"context"
	"crypto/sha256"
	"sync"

	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/identity"
)

// basicKept bounds the sessions kept for programs that sign in with every
// request.
const basicKept = 256

// newBasic signs programs in that send user name and password with every
// request, once: the session is kept under a hash of the credentials and made
// anew when it has ended, so a password is only worked through then.
func newBasic(s *identity.Service) httpapi.Basic {
	var mu sync.Mutex
	kept := map[[32]byte]string{}
	return func(ctx context.Context, username, password, remote string) (string, bool) {
		key := sha256.Sum256([]byte(username + "\x00" + password))
		mu.Lock()
		token, ok := kept[key]
		mu.Unlock()
		if ok {
			if _, alive := s.Authenticate(ctx, token); alive {
				return token, true
			}
		}
		token, _, err := s.SignIn(ctx, identity.Credentials{Username: username, Password: password, Address: remote, Agent: "basic"})
		if err != nil {
			return "", false // the caller stays nobody, and is told so by the route
		}
		mu.Lock()
		defer mu.Unlock()
		if len(kept) >= basicKept {
			clear(kept)
		}
		kept[key] = token
		return token, true
	}
}
