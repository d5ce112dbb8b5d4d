package identity

import (
	"context"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// fillSearch makes the text that a search looks into, for accounts of before.
func (s *Service) fillSearch(ctx context.Context) error {
	var us []User
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		us, err = store.All(tx, scanUser, "select "+userColumns+" from user_account where search = ''")
		return err
	})
	if err != nil || len(us) == 0 {
		return err
	}
	return s.db.Housekeep(ctx, func(tx *store.Tx) error {
		for _, u := range us {
			if _, err := tx.Exec("update user_account set search = $2 where id = $1", u.ID, u.searchText()); err != nil {
				return err
			}
		}
		return nil
	})
}

// People selects accounts of a list.
type People struct {
	Query  string // of name, user name and title
	Unit   string // with a post there or below
	Role   access.Role
	State  string // active, disabled, invited, away; "" all
	Unused int    // days without signing in; 0 all
	Limit  int
	After  string // user name of the last one of the page before
}

// visible is the condition on user_account u that keeps the people inside a
// reach: who has, or will have, a post there, and whose account was of there
// when the last one ended.
func visible(r access.Reach, now time.Time, args *[]any) string {
	if len(r) == 0 {
		return "1 = 0"
	}
	if in := store.Within(r, store.ScopeColumns{Unit: "u.unit"}, args); in != "1 = 1" {
		*args = append(*args, now)
		at := "$" + strconv.Itoa(len(*args))
		return "(" + in + " or " + hasGrant(at, store.Within(r, store.ScopeColumns{Unit: "g.unit"}, args)) + ")"
	}
	return "1 = 1"
}

// where is the condition on user_account u of a selection, but for its page.
func (f People) where(units Units, reach access.Reach, now time.Time, args *[]any) string {
	and := []string{visible(reach, now, args)}
	arg := func(v any) string {
		*args = append(*args, v)
		return "$" + strconv.Itoa(len(*args))
	}
	if q := vi.Fold(f.Query); q != "" {
		for word := range strings.FieldsSeq(q) {
			and = append(and, "u.search like "+arg("%"+likeless.Replace(word)+"%")+` escape '\'`)
		}
	}
	if f.Unit != "" {
		codes := below(units, f.Unit, now)
		and = append(and, "(u.unit in ("+placeholders(args, codes)+") or "+hasGrant(arg(now), "g.unit in ("+placeholders(args, codes)+")")+")")
	}
	if f.Role != "" {
		and = append(and, hasGrant(arg(now), "g.role = "+arg(string(f.Role))))
	}
	switch f.State {
	case "active":
		and = append(and, "u.disabled = 0 and u.invited = 0")
	case "disabled":
		and = append(and, "u.disabled = 1")
	case "invited":
		and = append(and, "u.disabled = 0 and u.invited = 1")
	case "away":
		at := arg(now)
		and = append(and, "u.disabled = 0 and u.away_from <= "+at+" and u.away_until > "+at)
	}
	if f.Unused > 0 {
		before := arg(now.AddDate(0, 0, -f.Unused))
		and = append(and, "u.disabled = 0 and u.last_sign_in < "+before+" and u.created < "+before)
	}
	return strings.Join(and, " and ")
}

var likeless = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func hasGrant(at, condition string) string {
	return "exists (select 1 from user_grant g where g.user_id = u.id and g.revoked_at = 0 and (g.until_at = 0 or g.until_at > " + at + ") and " + condition + ")"
}

func countPeople(tx *store.Tx, where string, args []any) (n int, err error) {
	err = tx.QueryRow("select count(*) from user_account u where "+where, args...).Scan(&n)
	return n, err
}

func pageOfPeople(tx *store.Tx, where string, args []any, after string, limit int) ([]User, error) {
	args = append(append([]any{}, args...), after, limit)
	n := len(args)
	return store.All(tx, scanUser, "select "+userColumns+" from user_account u where "+where+
		" and u.username > $"+strconv.Itoa(n-1)+" order by u.username limit $"+strconv.Itoa(n), args...)
}
