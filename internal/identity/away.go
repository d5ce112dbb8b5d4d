package identity

import (
	"time"

	"openioc.org/ioc/internal/store"
)

// Away says when somebody is on leave, and who answers meanwhile.
type Away struct {
	From           time.Time `json:"from"`
	Until          time.Time `json:"until" doc:"the first instant back"`
	Substitute     string    `json:"substitute" doc:"id of who answers meanwhile, empty nobody"`
	SubstituteName string    `json:"substitute_name"`
}

// fillAway drops a leave that is over and names the substitute.
func (s *Service) fillAway(tx *store.Tx, u *User, now time.Time) error {
	if u.Away == nil || !now.Before(u.Away.Until) {
		u.Away = nil
		return nil
	}
	if u.Away.Substitute == "" {
		return nil
	}
	sub, _, err := findUser(tx, u.Away.Substitute)
	u.Away.SubstituteName = sub.Name
	return err
}
