package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/app"
	"openioc.org/ioc/internal/httpapi"
)

// operation is an operation of the document, with what it says it needs.
type operation struct {
	method, path string
	needs        string
	everywhere   bool
}

func (r operation) String() string { return r.method + " " + r.path }

// allows says whether a role may ask the operation at all.
func (r operation) allows(a access.Actor) bool {
	if r.needs == httpapi.PublicAccess {
		return true
	}
	return a.Known() && (r.needs == "" || slices.ContainsFunc(strings.Split(r.needs, "|"), func(p string) bool {
		return a.Can(access.Permission(p), access.Scope{}) && (!r.everywhere || a.Reach(access.Permission(p)).Everywhere())
	}))
}

// documented reads every operation of the document and fails for one that does
// not say what it needs.
func documented(t *testing.T, base string) (out []operation) {
	t.Helper()
	_, _, raw := get(t, base+"/openapi.json", "")
	var doc struct {
		Paths map[string]map[string]map[string]any
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"": true, httpapi.PublicAccess: true}
	for _, ps := range access.RolePermissions() {
		for _, p := range ps {
			known[string(p)] = true
		}
	}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			r := operation{method: strings.ToUpper(method), path: path, everywhere: op[httpapi.ScopeKey] == httpapi.WholeCity}
			needs, said := op[httpapi.PermissionKey].(string)
			if r.needs = needs; !said {
				t.Errorf("%s does not say what it needs", r)
			}
			for _, p := range strings.Split(needs, "|") {
				if !known[p] {
					t.Errorf("%s needs %q, which no role has", r, p)
				}
			}
			out = append(out, r)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// address is a path with something that is not there for each parameter.
func (r operation) address() string {
	switch {
	case strings.HasPrefix(r.path, "/prometheus"):
		return parameter.ReplaceAllString(r.path, "labels")
	case strings.HasPrefix(r.path, "/sta"):
		return parameter.ReplaceAllString(r.path, "Things")
	case r.path == "/live":
		return r.path + "?topics=observations"
	}
	return parameter.ReplaceAllString(r.path, "x")
}

// asking asks without waiting for what does not end.
var asking = &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// request returns status and the beginning of the answer.
func request(base, method, address, token, body string) (int, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, base+address, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept-Language", "en")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := asking.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	if res.StatusCode < 300 && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res.StatusCode, "", nil
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	return res.StatusCode, string(b), err
}

// visitor is somebody signed in.
type visitor struct {
	name, token string
	actor       access.Actor
}

func enter(t *testing.T, base, name string) visitor {
	t.Helper()
	status, body, err := request(base, "POST", "/api/v1/session", "", fmt.Sprintf(`{"username":%q,"password":%q}`, name, password))
	var s struct {
		Token string
		User  struct {
			ID    string
			Roles []access.Role
			Unit  string
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &s)
	}
	if err != nil || status != 200 || s.Token == "" || len(s.User.Roles) == 0 {
		t.Fatalf("sign in as %s: %d %v %s", name, status, err, body)
	}
	return visitor{name, s.Token, access.Actor{ID: s.User.ID, Roles: s.User.Roles, Unit: s.User.Unit}}
}

// TestMatrix asks every operation as every role: 401 without a sign-in, 403 exactly
// when the role lacks what the operation says it needs, and never that the program
// is at fault. Of what belongs to a unit, a member of it finds its own only.
func TestMatrix(t *testing.T) {
	base, _ := start(t, app.Demo)
	routes := documented(t, base)
	members := []visitor{{name: "nobody", actor: access.Nobody()}}
	roles := map[access.Role]bool{access.Device: true, access.Anonymous: true} // a device has no session
	for _, name := range []string{"admin", "leader", "ioclead", "duty", "unitlead", "unit", "officer", "analyst", "security", "dataadmin", "citizen"} {
		m := enter(t, base, name)
		members = append(members, m)
		for _, r := range m.actor.Roles {
			roles[r] = true
		}
	}
	for r := range access.RolePermissions() {
		if !roles[r] {
			t.Errorf("nobody has the role %s", r)
		}
	}

	byName := map[string]visitor{}
	for _, m := range members {
		byName[m.name] = m
	}
	t.Run("own and others", func(t *testing.T) { ownAndOthers(t, base, byName) })
	t.Run("own and others' files", func(t *testing.T) { ownAndOthersFiles(t, base, byName) })

	begun := time.Now()
	var mu sync.Mutex
	asked, refused := 0, 0
	var wg sync.WaitGroup
	todo := make(chan func(), 64)
	for range 4 {
		wg.Go(func() {
			for f := range todo {
				f()
			}
		})
	}
	for _, r := range routes {
		if r.path == "/api/v1/session" && r.method == http.MethodDelete {
			continue // it would end the session that asks; asked last
		}
		for _, m := range members {
			todo <- func() {
				status, body, err := request(base, r.method, r.address(), m.token, "{}")
				mu.Lock()
				defer mu.Unlock()
				asked++
				if err != nil {
					t.Errorf("%s as %s: %v", r, m.name, err)
					return
				}
				want := "neither 401 nor 403"
				var right bool
				switch {
				case r.needs == httpapi.PublicAccess: // what it takes as proof (a code, a token of its own) may be wrong
					right = status != 403 || strings.Contains(body, `"code":"request.`)
				case !m.actor.Known(), r.needs == string(access.Ingest): // only a source's own token, which no session is
					want, right = "401", status == 401
				case !r.allows(m.actor):
					refused++
					want, right = "403", status == 403
				default:
					right = status != 401 && status != 403
				}
				if !right || status >= 500 {
					t.Errorf("%s (needs %q) as %s: %d, want %s: %.300s", r, r.needs, m.name, status, want, body)
				}
			}
		}
	}
	close(todo)
	wg.Wait()
	for _, m := range members[1:] {
		if status, body, err := request(base, "DELETE", "/api/v1/session", m.token, ""); err != nil || status >= 400 {
			t.Errorf("%s signs out: %d %v %s", m.name, status, err, body)
		}
		if status, _, _ := request(base, "GET", "/api/v1/session", m.token, ""); status != 401 {
			t.Errorf("%s is still signed in: %d", m.name, status)
		}
		asked += 2
	}
	t.Logf("%d routes × %d roles: %d requests, %d refused, in %s", len(routes), len(members), asked, refused, time.Since(begun).Round(time.Millisecond))
	if len(routes) < 150 || refused < 500 {
		t.Errorf("only %d routes and %d refusals: the document is not whole", len(routes), refused)
	}
}

// The demo's unit people belong to the first.
const own, other = "20332", "20194"

// ownAndOthers asks for things that belong to units: one's own is there,
// another's does not exist, neither alone nor in a list.
func ownAndOthers(t *testing.T, base string, members map[string]visitor) {
	duty, chief := members["duty"], members["ioclead"]
	make := func(as visitor, address, body string) string {
		t.Helper()
		status, answer, err := request(base, "POST", address, as.token, body)
		var made struct{ ID string }
		if err == nil {
			err = json.NewDecoder(bytes.NewBufferString(answer)).Decode(&made)
		}
		if err != nil || status >= 300 || made.ID == "" {
			t.Fatalf("POST %s: %d %v %s", address, status, err, answer)
		}
		return made.ID
	}
	due := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	things := map[string]func(unit string) string{
		"/api/v1/alerts": func(unit string) string {
			return make(duty, "/api/v1/alerts", `{"title":{"vi":"Thử","en":"Test"},"service":"flood","severity":3,"unit":"`+unit+`","area":"`+unit+`"}`)
		},
		"/api/v1/incidents": func(unit string) string {
			return make(duty, "/api/v1/incidents", `{"title":"Thử ma trận","service":"flood","severity":3,"lead_unit":"`+unit+`"}`)
		},
		"/api/v1/tasks": func(unit string) string {
			return make(chief, "/api/v1/tasks", `{"kind":"directive","title":"Thử ma trận","unit":"`+unit+`","due":"`+due+`"}`)
		},
	}
	for set, create := range things {
		mine, theirs := create(own), create(other)
		for _, name := range []string{"unit", "unitlead", "officer", "duty", "leader"} {
			m := members[name]
			if !m.actor.Can(map[string]access.Permission{"/api/v1/alerts": access.AlertView}[set], access.Scope{}) && !m.actor.Can(access.IncidentView, access.Scope{}) {
				continue
			}
			foreign := 200
			if m.actor.Unit != "" {
				foreign = 404
			}
			for id, want := range map[string]int{mine: 200, theirs: foreign} {
				if status, body, err := request(base, "GET", set+"/"+id, m.token, ""); err != nil || status != want {
					t.Errorf("GET %s/%s as %s: %d, want %d: %v %.200s", set, id, name, status, want, err, body)
				}
			}
			if foreign == 404 {
				if status, _, _ := request(base, "POST", set+"/"+theirs+"/steps", m.token, `{"step":"comment","comment":"lạ"}`); status != 404 && status != 422 && status != 403 {
					t.Errorf("a step with another's %s as %s: %d", set, name, status)
				}
			}
			_, list, err := request(base, "GET", set+"?limit=500", m.token, "")
			if err != nil || !strings.Contains(list, mine) || strings.Contains(list, theirs) != (foreign == 200) {
				t.Errorf("list of %s as %s: own %v, another's %v, %v", set, name, strings.Contains(list, mine), strings.Contains(list, theirs), err)
			}
		}
	}
}

// ownAndOthersFiles imports two files whose officer holds a post in one unit,
// one of that unit and one of another, and asks for them by every road there is.
func ownAndOthersFiles(t *testing.T, base string, members map[string]visitor) {
	data := members["dataadmin"]
	ask := func(as visitor, method, address, body string, want int) string {
		t.Helper()
		status, answer, err := request(base, method, address, as.token, body)
		if err != nil || status != want {
			t.Errorf("%s %s as %s: %d, want %d: %v %.300s", method, address, as.name, status, want, err, answer)
		}
		return answer
	}
	ask(data, "POST", "/api/v1/cases/systems", `{"id":"matrix","kind":"file","name":"Ma trận","mapping":{"code":{"column":"ma"},"unit":{"column":"dv"},"applicant_name":{"column":"ten"},"due":{"column":"han"},"received":{"column":"nhan"}}}`, 201)
	codes := map[string]string{own: "H17.19-260302-9901", other: "H17.20-260302-9902"}
	rows := "ma,dv,ten,nhan,han\n"
	for unit, code := range codes {
		rows += code + "," + unit + ",Nguyễn Văn An,2026-03-02 08:00,2026-03-09 17:00\n"
	}
	ask(data, "POST", "/api/v1/cases/systems/matrix/upload?name=a.csv", rows, 200)
	id := map[string]string{}
	for unit, code := range codes {
		ask(data, "PUT", "/api/v1/cases/words", `{"system":"matrix","kind":"unit","word":"`+unit+`","meaning":"`+unit+`"}`, 204)
		var found struct{ Cases []struct{ ID string } }
		if err := json.Unmarshal([]byte(ask(members["leader"], "GET", "/api/v1/cases?q="+code, "", 200)), &found); err != nil || len(found.Cases) != 1 {
			t.Fatalf("%s: %v %+v", code, err, found)
		}
		id[unit] = found.Cases[0].ID
	}
	for _, name := range []string{"unit", "unitlead", "officer"} {
		m := members[name]
		if m.actor.Unit != own || !m.actor.Can(access.CaseView, access.Scope{}) {
			t.Fatalf("%s belongs to %q", name, m.actor.Unit)
		}
		ask(m, "GET", "/api/v1/cases/"+id[own], "", 200)
		ask(m, "GET", "/api/v1/cases/"+id[other], "", 404)
		for _, list := range []string{"/api/v1/cases?q=H17&limit=500", "/api/v1/cases?system=matrix", "/api/v1/cases/warnings?limit=500", "/api/v1/cases/board?by=officer&from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z", "/api/v1/cases/board?by=unit&from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z"} {
			answer := ask(m, "GET", list, "", 200)
			if strings.Contains(answer, codes[other]) || strings.Contains(answer, `"`+other+`"`) {
				t.Errorf("%s as %s tells of another unit's file: %.300s", list, name, answer)
			}
			if strings.HasPrefix(list, "/api/v1/cases?") && !strings.Contains(answer, codes[own]) {
				t.Errorf("%s as %s lacks its own file: %.300s", list, name, answer)
			}
			if strings.Contains(answer, "Văn An") {
				t.Errorf("%s as %s shows a name: %.300s", list, name, answer)
			}
		}
		ask(m, "GET", "/api/v1/cases/board?by=unit&unit="+other+"&from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z", "", 200)
		for step, p := range map[string]access.Permission{"reveal": access.PersonalView, "apology": access.CaseEdit, "digitized": access.CaseEdit} {
			want := 403
			if m.actor.Can(p, access.Scope{}) {
				want = 404
			}
			ask(m, "POST", "/api/v1/cases/"+id[other]+"/"+step, map[string]string{"reveal": `{"reason":"kiểm tra ma trận"}`, "apology": `{"number":"1","reason":"kiểm tra"}`, "digitized": `{"digitized":true}`}[step], want)
		}
	}
	// Each of these refusals is on record, with who asked.
	var trail struct {
		Entries []struct{ Actor struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(ask(members["security"], "GET", "/api/v1/audit?subject=ioc.case.refused."+id[other]+"&limit=100", "", 200)), &trail); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"unit", "unitlead", "officer"} {
		if !slices.ContainsFunc(trail.Entries, func(e struct{ Actor struct{ ID string } }) bool { return e.Actor.ID == members[name].actor.ID }) {
			t.Errorf("the trail does not say that %s asked for another unit's file: %+v", name, trail.Entries)
		}
	}
	for _, name := range []string{"leader", "ioclead"} {
		ask(members[name], "GET", "/api/v1/cases/"+id[own], "", 200)
		ask(members[name], "GET", "/api/v1/cases/"+id[other], "", 200)
	}
	for _, name := range []string{"security", "citizen"} {
		ask(members[name], "GET", "/api/v1/cases/"+id[own], "", 403)
	}
}
