package identity_test

import (
	"fmt"
	"strings"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

const scim = `{
  "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
  "totalResults": 4, "startIndex": 1, "itemsPerPage": 4,
  "Resources": [
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "Lan", "displayName": "Nguyễn Thị Lan", "active": true},
    {"userName": "binh.tv", "name": {"familyName": "Trần", "middleName": "Văn", "givenName": "Bình"}, "title": "Chuyên viên",
      "emails": [{"value": "b@x.example"}, {"value": "binh@danang.example", "primary": true}], "phoneNumbers": [{"value": "0905 123 456"}],
      "roles": [{"value": "unit"}],
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "20332"}},
    {"userName": "minh", "active": false},
    {"userName": "root", "displayName": "Ai đó", "active": false}
  ]
}`

func (p *place) counts(format, text string, preview bool) (string, []identity.ImportFault) {
	p.t.Helper()
	r, err := p.ImportPeople(p.t.Context(), p.actor(p.mustSignIn("root")), format, text, preview)
	if err != nil {
		p.t.Fatal(err)
	}
	return fmt.Sprint(r.Created, r.Updated, r.Disabled, r.Unchanged), r.Faults
}

func listed(fs []identity.ImportFault) string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%d:%s:%s", f.Line, f.Field, strings.TrimPrefix(f.Err.Code, "identity.")))
	}
	return strings.Join(out, " ")
}

func TestPeopleComeFromALibraryOfPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, inTree)
		p.person("root", access.Admin)
		p.person("lan", access.Duty)
		minh := p.person("minh", access.Duty)
		token := p.mustSignIn("minh")
		if got, faults := p.counts("scim", scim, true); got != "1 1 1 1" || faults != nil {
			t.Fatalf("preview: %s %s", got, listed(faults))
		}
		if !p.valid(token) {
			t.Error("a preview ended a session")
		}
		if got, faults := p.counts("scim", scim, false); got != "1 1 1 1" || faults != nil {
			t.Fatalf("import: %s %s", got, listed(faults))
		}
		if got, faults := p.counts("scim", scim, false); got != "0 0 0 4" || faults != nil {
			t.Errorf("again: %s %s", got, listed(faults))
		}
		if p.valid(token) {
			t.Error("who left is signed in")
		}
		if u, err := p.Me(t.Context(), access.Actor{ID: minh.ID}); err == nil {
			t.Errorf("%+v", u)
		}
		p.mustSignIn("root") // untouched
		if _, _, err := p.signIn("binh.tv", ""); code(err) != "identity.wrong_password" {
			t.Errorf("without a password: %v", err)
		}
		u := p.byName("binh.tv")
		if u.Name != "Trần Văn Bình" || u.Email.Reveal() != "binh@danang.example" || u.Unit != "20332" || u.Role != access.Unit || !u.Invited || u.Title != "Chuyên viên" {
			t.Errorf("%+v", u)
		}
	})
}

func (p *place) byName(username string) (u identity.User) {
	p.t.Helper()
	page, err := p.People(p.t.Context(), root, identity.People{Limit: 100})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, u := range page.Users {
		if u.Username == username {
			return u
		}
	}
	p.t.Fatalf("no %s", username)
	return u
}

func TestATableOfPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, inTree)
		p.person("root", access.Admin)
		p.person("lan", access.Duty)
		text := "\uFEFFTên đăng nhập;Họ và tên;Chức vụ;Email;Đang làm việc;Ghi chú\r\nlan;Nguyễn Thị Lan;Trưởng ca;lan@danang.example;có;x\r\nduc;Phạm Đức;;;;\r\ngone;Đã nghỉ;;;không;\r\n"
		if got, faults := p.counts("csv", text, false); got != "1 1 0 1" || faults != nil {
			t.Errorf("%s %s", got, listed(faults))
		}
		if u := p.byName("duc"); u.Name != "Phạm Đức" || u.Role != "" || len(u.Posts) != 0 {
			t.Errorf("%+v", u)
		}
	})
}

func TestAnImportIsAllOrNothing(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil), inTree)
	p.person("root", access.Admin)
	for name, c := range map[string]struct{ format, text, want string }{
		"lines": {"csv", "username,name,role,unit,active\nan,An,,,\nAn,An,,,\nx,X,,,\nbinh,,,,\ncuc,Cúc,king,,\ndung,Dũng,unit,9,\nem,Em,unit,,perhaps\n",
			"3:username:import_twice 4:username:username 5:name:name 6:role:role 7:unit:unit_ended 8:active:import_active 8:unit:grant_needs_unit"},
		"no head":         {"csv", "an,An\n", "1:username:import_column"},
		"empty":           {"csv", "", "1:username:import_column"},
		"quotes":          {"csv", "username,name\nan,\"An\nbinh,B", "2::import_form"},
		"not UTF-8":       {"csv", "username\n\xff\xfe", "1::import_form"},
		"not JSON":        {"scim", "{\n\"schemas\": [,]}", "2::import_form"},
		"cut":             {"scim", scim[:300], "6::import_form"},
		"another message": {"scim", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]}`, "1:schemas:import_kind"},
		"a list":          {"scim", `[]`, "1::import_kind"},
		"wrong kinds": {"scim", "{\"schemas\":[\"" + "urn:ietf:params:scim:api:messages:2.0:ListResponse" + "\"],\"Resources\":[\n{\"userName\":\"an\",\n\"active\":\"yes\"},\n7,\n{\"displayName\":\"x\"}]}",
			"3:active:import_form 4::import_form 5:userName:username"},
	} {
		got, faults := p.counts(c.format, c.text, false)
		found := listed(faults)
		for _, w := range strings.Fields(c.want) {
			if !strings.Contains(" "+found+" ", " "+w+" ") {
				t.Errorf("%s: %s, want %s", name, found, w)
			}
		}
		if got != "0 0 0 0" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if _, err := p.ImportPeople(t.Context(), root, "csv", "username,name\nan,An\n", false); err != nil {
		t.Fatal(err)
	}
	p.byName("an") // not made before, else this were unchanged
	for name, c := range map[string]struct {
		format, text, want string
	}{"format": {"xml", "", "identity.import_format"}, "long": {"csv", strings.Repeat("x", 5<<20), "identity.import_long"}} {
		if _, err := p.ImportPeople(t.Context(), root, c.format, c.text, true); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	var many strings.Builder
	many.WriteString("username,name\n")
	for i := range 2001 {
		fmt.Fprintf(&many, "u%05d,N\n", i)
	}
	if r, err := p.ImportPeople(t.Context(), root, "csv", many.String(), true); err != nil || !strings.Contains(listed(r.Faults), "2002::import_many") {
		t.Errorf("%s %v", listed(r.Faults), err)
	}
	p.person("lan", access.Duty)
	if _, err := p.ImportPeople(t.Context(), p.actor(p.mustSignIn("lan")), "csv", "username\n", true); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("%v", err)
	}
}

func TestAnImportKeepsTheLastAdministrator(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil), inTree)
	p.person("root", access.Admin)
	r, err := p.ImportPeople(t.Context(), access.System("sync"), "csv", "username,active\nroot,no\n", false)
	if err != nil || listed(r.Faults) != "2::last_admin" {
		t.Errorf("%s %v", listed(r.Faults), err)
	}
	p.mustSignIn("root")
}

func TestImportOverHTTP(t *testing.T) {
	p, b := serveOn(t, storetest.SQLite(t, nil), inTree)
	p.person("root", access.Admin)
	b.want("POST", "/api/v1/session", `{"username":"root","password":"`+good+`"}`, 200)
	b.want("POST", "/api/v1/users/import", `{"format":"csv","text":"username,name\nan,An\nx,X\n","preview":true}`, 200,
		`"created":1`, `{"line":3,"field":"username","code":"identity.username","detail":"2 đến 64`)
	b.want("POST", "/api/v1/users/import", `{"format":"csv","text":"username,name\nan,An\n"}`, 200, `"created":1`, `"errors":[]`)
	b.want("GET", "/api/v1/policy", "", 200, `"current":"1970-01-01"`, `"min_length":12`, `"idle_minutes":15`, `"absolute_hours":12`)
	b.want("PUT", "/api/v1/policy", `{"from":"2026-11-24","min_length":14,"lower":true,"upper":true,"digit":true,"special":true,"history":5,"max_age_days":90,"lock_after":5,"lock_minutes":15,"idle_minutes":15,"absolute_hours":12,"sessions":5,"second_factor_roles":["admin"],"unused_days":45,"source":"QĐ 1"}`,
		200, `"from":"2026-11-24"`)
}
