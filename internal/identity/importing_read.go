package identity

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/vi"
)

const (
	scimList       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	scimEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// scimUser is what we read of a SCIM user (RFC 7643): displayName or name,
// title, the primary e-mail and telephone, active, the first role as ours, and
// the enterprise department as the code of the unit.
type scimUser struct {
	UserName    string  `json:"userName"`
	DisplayName *string `json:"displayName"`
	Name        *struct {
		Formatted  string `json:"formatted"`
		FamilyName string `json:"familyName"`
		MiddleName string `json:"middleName"`
		GivenName  string `json:"givenName"`
	} `json:"name"`
	Title        *string     `json:"title"`
	Emails       []scimValue `json:"emails"`
	PhoneNumbers []scimValue `json:"phoneNumbers"`
	Roles        []scimValue `json:"roles"`
	Active       *bool       `json:"active"`
	Enterprise   *struct {
		Department *string `json:"department"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

type scimValue struct {
	Value   string `json:"value"`
	Primary bool   `json:"primary"`
}

// primary is the value that counts; nil without any.
func primary(list []scimValue) *string {
	if len(list) == 0 {
		return nil
	}
	i := max(slices.IndexFunc(list, func(v scimValue) bool { return v.Primary }), 0)
	return &list[i].Value
}

// lineAt is the line of a byte.
func lineAt(text string, at int64) int {
	return 1 + strings.Count(text[:min(max(at, 0), int64(len(text)))], "\n")
}

// readSCIM reads a ListResponse, user by user, so that each fault has its
// line.
func readSCIM(text string) (rows []importRow, faults []ImportFault) {
	bad := func(line int, field string, f *fault.Error) { faults = append(faults, ImportFault{line, field, f}) }
	text = strings.TrimPrefix(text, "\uFEFF")
	dec := json.NewDecoder(strings.NewReader(text))
	fail := func(err error) {
		at := dec.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = max(at, syntax.Offset)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.ErrUnexpectedEOF
			at = int64(len(text))
		}
		bad(lineAt(text, at), "", errPeopleForm.With("detail", err.Error()))
	}
	if t, err := dec.Token(); err != nil {
		fail(err)
		return nil, faults
	} else if t != json.Delim('{') {
		bad(1, "", errPeopleKind.With())
		return nil, faults
	}
	listed, found := false, false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			fail(err)
			return rows, faults
		}
		switch key {
		case "schemas":
			var schemas []string
			if err := dec.Decode(&schemas); err != nil {
				fail(err)
				return rows, faults
			}
			listed = slices.Contains(schemas, scimList)
		case "Resources":
			found = true
			if t, err := dec.Token(); err != nil {
				fail(err)
				return rows, faults
			} else if t != json.Delim('[') {
				bad(lineAt(text, dec.InputOffset()), "Resources", errPeopleKind.With())
				return rows, faults
			}
			for dec.More() {
				if len(rows) >= maxPeople {
					bad(lineAt(text, dec.InputOffset()), "", errPeopleMany.With("max", maxPeople))
					return rows, faults
				}
				var raw json.RawMessage
				from := dec.InputOffset()
				if err := dec.Decode(&raw); err != nil {
					fail(err)
					return rows, faults
				}
				from += int64(len(text[from:dec.InputOffset()]) - len(raw)) // past the comma and the space before it
				row, f := scimRow(raw)
				row.line = lineAt(text, from)
				for _, one := range f {
					one.Line += row.line - 1
					faults = append(faults, one)
				}
				rows = append(rows, row)
			}
			if _, err := dec.Token(); err != nil {
				fail(err)
				return rows, faults
			}
		default:
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				fail(err)
				return rows, faults
			}
		}
	}
	if _, err := dec.Token(); err != nil {
		fail(err)
	}
	if !listed || !found {
		bad(1, "schemas", errPeopleKind.With())
	}
	return rows, faults
}

// scimRow reads one user; lines of faults count from its own first.
func scimRow(raw json.RawMessage) (r importRow, faults []ImportFault) {
	var u scimUser
	if err := json.Unmarshal(raw, &u); err != nil {
		var kind *json.UnmarshalTypeError
		field, line := "", 1
		if errors.As(err, &kind) {
			field, line = kind.Field, lineAt(string(raw), kind.Offset)
		}
		return r, []ImportFault{{line, strings.ToLower(field), errPeopleForm.With("detail", err.Error())}}
	}
	r.username, r.active = normalUsername(u.UserName), u.Active
	if r.username == "" {
		faults = append(faults, ImportFault{1, "userName", errUsername.With()})
	}
	r.name = u.DisplayName
	if r.name == nil && u.Name != nil {
		full := u.Name.Formatted
		if full == "" {
			full = strings.Join(strings.Fields(u.Name.FamilyName+" "+u.Name.MiddleName+" "+u.Name.GivenName), " ")
		}
		r.name = &full
	}
	r.title, r.email, r.phone, r.role = u.Title, primary(u.Emails), primary(u.PhoneNumbers), primary(u.Roles)
	if u.Enterprise != nil {
		r.unit = u.Enterprise.Department
	}
	r.tidy()
	return r, faults
}

// peopleColumns are the columns of a CSV file, also as people here call them.
var peopleColumns = map[string]string{
	"username": "username", "ten dang nhap": "username", "tai khoan": "username",
	"name": "name", "ho ten": "name", "ho va ten": "name",
	"title": "title", "chuc vu": "title", "chuc danh": "title",
	"email": "email", "thu dien tu": "email",
	"phone": "phone", "dien thoai": "phone", "so dien thoai": "phone",
	"role": "role", "vai tro": "role",
	"unit": "unit", "don vi": "unit", "ma don vi": "unit",
	"active": "active", "dang lam viec": "active",
}

// readPeopleCSV reads a table with a head; comma, semicolon or tab.
func readPeopleCSV(text string) (rows []importRow, faults []ImportFault) {
	bad := func(line int, field string, f *fault.Error) { faults = append(faults, ImportFault{line, field, f}) }
	text = strings.TrimPrefix(text, "\uFEFF")
	if !utf8.ValidString(text) {
		bad(1, "", errPeopleForm.With("detail", "UTF-8"))
		return nil, faults
	}
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord = -1
	first, _, _ := strings.Cut(text, "\n")
	for _, c := range ";\t" {
		if strings.ContainsRune(first, c) && !strings.Contains(first, ",") {
			in.Comma = c
		}
	}
	var columns []string
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var wrong *csv.ParseError
			line := 1
			if errors.As(err, &wrong) {
				line = wrong.StartLine
			}
			bad(line, "", errPeopleForm.With("detail", err.Error()))
			return rows, faults
		}
		line, _ := in.FieldPos(0)
		if columns == nil {
			for _, name := range record {
				columns = append(columns, peopleColumns[strings.Join(strings.Fields(vi.Fold(name)), " ")])
			}
			if !slices.Contains(columns, "username") {
				bad(line, "username", errPeopleColumn.With("column", "username"))
				return nil, faults
			}
			continue
		}
		if len(rows) >= maxPeople {
			bad(line, "", errPeopleMany.With("max", maxPeople))
			return rows, faults
		}
		row, f := csvRow(columns, record)
		row.line = line
		for _, one := range f {
			one.Line = line
			faults = append(faults, one)
		}
		rows = append(rows, row)
	}
	if columns == nil {
		bad(1, "username", errPeopleColumn.With("column", "username"))
	}
	return rows, faults
}

func csvRow(columns, record []string) (r importRow, faults []ImportFault) {
	for i, v := range record {
		if i >= len(columns) {
			break
		}
		switch columns[i] {
		case "username":
			r.username = normalUsername(v)
		case "name":
			r.name = &record[i]
		case "title":
			r.title = &record[i]
		case "email":
			r.email = &record[i]
		case "phone":
			r.phone = &record[i]
		case "role":
			r.role = &record[i]
		case "unit":
			r.unit = &record[i]
		case "active":
			yes, said := yesNo(v)
			if !said && strings.TrimSpace(v) != "" {
				faults = append(faults, ImportFault{0, "active", errPeopleBool.With()})
			}
			if said {
				r.active = &yes
			}
		}
	}
	r.tidy()
	return r, faults
}

func yesNo(s string) (yes, said bool) {
	switch vi.Fold(strings.TrimSpace(s)) {
	case "true", "1", "yes", "y", "co", "x":
		return true, true
	case "false", "0", "no", "n", "khong":
		return false, true
	}
	return false, false
}

// tidy trims what was said, as an account keeps it.
func (r *importRow) tidy() {
	for _, v := range []**string{&r.name, &r.title, &r.email, &r.phone, &r.role, &r.unit} {
		if *v != nil {
			tidy := strings.ReplaceAll(vi.NFC(strings.TrimSpace(**v)), "\x00", "")
			*v = &tidy
		}
	}
}
