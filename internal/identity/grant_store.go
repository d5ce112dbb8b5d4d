package identity

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

const selectGrant = `select g.id, g.user_id, u.name, g.role, g.unit, g.areas, g.services, g.ceiling, g.from_at, g.until_at, g.reason,
	g.delegated_by, coalesce(d.name, ''), g.delegated_of, g.given_by, g.given_name, g.given_at, g.revoked_at, g.revoked_by, g.revoked_name, g.revoke_reason
	from user_grant g join user_account u on u.id = g.user_id left join user_account d on d.id = g.delegated_by `

func scanGrant(scan store.Scan) (g Grant, err error) {
	var areas, services, delegatedBy, delegatedName string
	var ceiling int
	var from, until, given, revoked int64
	err = scan(&g.ID, &g.User, &g.UserName, &g.Role, &g.Unit, &areas, &services, &ceiling, &from, &until, &g.Reason,
		&delegatedBy, &delegatedName, &g.of, &g.GivenBy.ID, &g.GivenBy.Name, &given, &revoked, &g.revoker, &g.RevokedBy, &g.RevokeReason)
	if err != nil {
		return g, err
	}
	g.Ceiling = ceilingWord(access.Sensitivity(ceiling))
	g.From, g.GivenAt = store.FromMicros(from), store.FromMicros(given)
	g.Until, g.RevokedAt = instant(until), instant(revoked)
	if delegatedBy != "" {
		g.DelegatedBy = &Who{delegatedBy, delegatedName}
	}
	if err := json.Unmarshal([]byte(areas), &g.Areas); err != nil {
		return g, err
	}
	return g, json.Unmarshal([]byte(services), &g.Services)
}

func instant(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := store.FromMicros(us)
	return &t
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return store.Micros(*t)
}

// listJSON is a list as it is kept: never null.
func listJSON(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // strings always marshal
	return string(b)
}

// placeholders appends the values to args and is the list of their placeholders.
func placeholders(args *[]any, values []string) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		*args = append(*args, v)
		b.WriteString("$" + strconv.Itoa(len(*args)))
	}
	return b.String()
}

// currentGrants are the grants of some people that hold now or will; all
// people's without ids.
func currentGrants(tx *store.Tx, now time.Time, ids ...string) ([]Grant, error) {
	args := []any{now}
	where := "where g.revoked_at = 0 and (g.until_at = 0 or g.until_at > $1)"
	if len(ids) > 0 {
		where += " and g.user_id in (" + placeholders(&args, ids) + ")"
	}
	return store.All(tx, scanGrant, selectGrant+where+" order by g.from_at, g.id", args...)
}

// allGrants are also those that have ended, the newest first.
func allGrants(tx *store.Tx, user string) ([]Grant, error) {
	return store.All(tx, scanGrant, selectGrant+"where g.user_id = $1 order by g.given_at desc, g.id desc", user)
}

func findGrant(tx *store.Tx, id string) (Grant, bool, error) {
	return store.One(tx, scanGrant, selectGrant+"where g.id = $1", id)
}

func insertGrant(tx *store.Tx, g *Grant) error {
	by := ""
	if g.DelegatedBy != nil {
		by = g.DelegatedBy.ID
	}
	_, err := tx.Exec(`insert into user_grant (id, user_id, role, unit, areas, services, ceiling, from_at, until_at, reason, delegated_by, delegated_of,
		given_by, given_name, given_at, revoked_at, revoked_by, revoked_name, revoke_reason)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, '', '', '')`,
		g.ID, g.User, string(g.Role), g.Unit, listJSON(g.Areas), listJSON(g.Services), int(sensitivity(g.Ceiling)), g.From, micros(g.Until), g.Reason,
		by, g.of, g.GivenBy.ID, g.GivenBy.Name, g.GivenAt)
	return err
}

func revokeGrant(tx *store.Tx, id string, by Who, at time.Time, reason string) error {
	_, err := tx.Exec("update user_grant set revoked_at = $2, revoked_by = $3, revoked_name = $4, revoke_reason = $5 where id = $1 and revoked_at = 0",
		id, at, by.ID, by.Name, reason)
	return err
}

// lentOf are the grants that hang on one of the ids and are not over.
func lentOf(tx *store.Tx, now time.Time, ids ...string) ([]Grant, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{now}
	return store.All(tx, scanGrant, selectGrant+"where g.revoked_at = 0 and (g.until_at = 0 or g.until_at > $1) and g.delegated_of in ("+placeholders(&args, ids)+")", args...)
}

// otherAdmins counts the administrators beside id who can sign in for good: of
// the whole city, without an end.
func otherAdmins(tx *store.Tx, now time.Time, id string) (n int, err error) {
	err = tx.QueryRow(`select count(distinct u.id) from user_account u join user_grant g on g.user_id = u.id
		where u.disabled = 0 and u.invited = 0 and u.id <> $1
		and g.role = 'admin' and g.unit = '' and g.areas = '[]' and g.services = '[]' and g.delegated_by = '' and g.revoked_at = 0 and g.until_at = 0 and g.from_at <= $2`, id, now).Scan(&n)
	return n, err
}

// saveMainPost keeps role and unit of the account for those who read them.
func saveMainPost(tx *store.Tx, id string, role access.Role, unit string) error {
	_, err := tx.Exec("update user_account set role = $2, unit = $3 where id = $1", id, string(role), unit)
	return err
}

// listGrants selects grants inside a reach.
func listGrants(tx *store.Tx, units Units, reach access.Reach, f GrantFilter, now time.Time) ([]Grant, error) {
	args := []any{now}
	where := "where u.disabled = 0 and g.revoked_at = 0 and (g.until_at = 0 or g.until_at > $1) and " + store.Within(reach, store.ScopeColumns{Unit: "g.unit"}, &args)
	if f.Unit != "" {
		where += " and g.unit in (" + placeholders(&args, below(units, f.Unit, now)) + ")"
	}
	if f.Role != "" {
		args = append(args, string(f.Role))
		where += " and g.role = $" + strconv.Itoa(len(args))
	}
	if f.Expiring > 0 {
		args = append(args, now.AddDate(0, 0, f.Expiring))
		where += " and g.until_at <> 0 and g.until_at <= $" + strconv.Itoa(len(args))
	}
	return store.All(tx, scanGrant, selectGrant+where+" order by case when g.until_at = 0 then 1 else 0 end, g.until_at, u.name, g.id limit 2000", args...)
}

// lentBy are the grants somebody lends that are not over.
func lentBy(tx *store.Tx, now time.Time, user string) ([]Grant, error) {
	return store.All(tx, scanGrant, selectGrant+"where g.revoked_at = 0 and g.until_at > $1 and g.delegated_by = $2 order by g.from_at, g.id", now, user)
}
