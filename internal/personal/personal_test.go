package personal_test

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
	"openioc.org/ioc/internal/vi"
)

func TestMasked(t *testing.T) {
	for _, c := range []struct {
		got  fmt.Stringer
		want string
	}{
		{personal.Name("Nguyễn Văn A"), "N*** V** A"},
		{personal.Name("Nguyễn Văn An"), "N*** V** A*"},
		{personal.Name("  Đỗ   Thị Ánh  Tuyết "), "Đ* T** Á** T***"},
		{personal.Name("Nguye\u0302\u0303n"), "N***"}, // decomposed
		{personal.Name("Công ty TNHH 2 Thành viên"), "C*** t* T*** * T*** v***"},
		{personal.Name("A B C"), "A * *"},
		{personal.Name("0905123456"), "***"},
		{personal.Name(strings.Repeat("An ", 20)), strings.Repeat("A* ", 12) + "…"},
		{personal.Name(""), ""},
		{personal.Phone("0901234567"), "090***4567"},
		{personal.Phone("+84 901 234 567"), "090***4567"},
		{personal.Phone("0236.3821.293"), "023***1293"},
		{personal.Phone("3821293"), "***93"},
		{personal.Phone("114"), "***"},
		{personal.Phone("hỏi chị Hoa"), "***"},
		{personal.Phone(""), ""},
		{personal.Paper("048123456123"), "048***…123"},
		{personal.Paper("201234567"), "***…567"},
		{personal.Paper("0400123456-001"), "040***…001"},
		{personal.Paper("C1234567"), "***"},
		{personal.Paper(""), ""},
		{personal.Email("an.nguyen@gmail.com"), "a***@***.com"},
		{personal.Email("an@nguyenvanan.vn"), "a***@***.vn"},
		{personal.Email("a@b.vn"), "***"},
		{personal.Email("không có"), "***"},
		{personal.Email("an@localhost"), "a***@***"},
		{personal.Email(""), ""},
		{personal.Address("12 Lê Lợi, phường Hải Châu, Đà Nẵng"), "***, Đà Nẵng"},
		{personal.Address("12 Lê Lợi"), "***"},
		{personal.Address("Đà Nẵng, tổ 5"), "***"},
		{personal.Address("Hải Châu, TP. Đà Nẵng"), "***, TP. Đà Nẵng"},
		{personal.Address(""), ""},
	} {
		if c.got.String() != c.want {
			t.Errorf("%T %s, want %s", c.got, c.got, c.want)
		}
	}
}

// everyWay gives a value all the ways out of the program that print or
// marshal it.
func everyWay[T fmt.Stringer](t interface{ Fatal(...any) }, v T) []string {
	type holder struct {
		P  T
		Q  *T
		Xs []T
		A  any
	}
	h := holder{P: v, Q: &v, Xs: []T{v}, A: v}
	out := []string{v.String(), fmt.Sprint(v), fmt.Sprintln(&v), fmt.Errorf("bad %w: %v", errSome, v).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%#q", "%+q", "%x", "%X", "% x", "%d", "%t", "%e", "%U", "%c", "%10s", "%.3s", "%-40q"} {
		out = append(out, fmt.Sprintf(verb, v), fmt.Sprintf(verb, h), fmt.Sprintf(verb, []T{v}), fmt.Sprintf(verb, map[string]T{"k": v}))
	}
	marshal := func(b []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	marshal(json.Marshal(h))
	marshal(json.MarshalIndent(map[string]any{"v": v, "p": &v}, "", " "))
	marshal(xml.Marshal(struct {
		XMLName xml.Name `xml:"x"`
		V       T        `xml:"v"`
		At      T        `xml:"at,attr"`
	}{V: v, At: v}))
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(struct{ V T }{v}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&b, nil))
	log.Info("m", "v", v, "p", &v, "h", h, "g", slog.GroupValue(slog.Any("v", v)))
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v, "p", &v, "h", h)
	tpl := template.Must(template.New("").Parse("{{.P}} {{printf \"%v\" .P}} <a title=\"{{.P}}\">{{range .Xs}}{{.}}{{end}}</a><script>var x = {{.P}}</script>"))
	if err := tpl.Execute(&b, h); err != nil {
		t.Fatal(err)
	}
	return append(out, b.String())
}

var errSome = fmt.Errorf("some")

// word makes words of letters that occur in no format, so that a run found in an
// output came from it.
var word = rapid.StringOfN(rapid.SampledFrom([]rune("ÂĂĐÊÔƠƯÝảđýựộốửàèìòùỹẩ")), 3, 12, -1)

func leaks(out, value string, most int) string {
	runes := []rune(value)
	for i := 0; i+most < len(runes); i++ {
		if run := string(runes[i : i+most+1]); strings.Contains(out, run) {
			return run
		}
	}
	return ""
}

func TestNothingLeaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(word, 1, 6).Draw(t, "name"), " ")
		for _, out := range everyWay(t, personal.Name(name)) {
			for _, w := range strings.Fields(name) {
				if run := leaks(out, w, 1); run != "" {
					t.Fatalf("name %q leaks %q: %s", name, run, out)
				}
			}
		}
		digits := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), 5, 14, -1).Draw(t, "digits")
		for _, out := range []string{personal.Phone(digits).String(), fmt.Sprintf("%#v", personal.Phone(digits))} {
			if run := leaks(out, digits, 4); run != "" {
				t.Fatalf("phone %q leaks %q: %s", digits, run, out)
			}
			if shown := shownDigits(out); len(digits)-shown < 3 {
				t.Fatalf("of the phone %q only %d digits are hidden: %s", digits, len(digits)-shown, out)
			}
		}
		paper := personal.Paper(digits).String()
		if run := leaks(paper, digits, 3); run != "" {
			t.Fatalf("paper %q leaks %q: %s", digits, run, paper)
		}
		if shown := shownDigits(paper); len(digits) >= 6 && len(digits)-shown < 6 {
			t.Fatalf("of the paper %q only %d characters are hidden: %s", digits, len(digits)-shown, paper)
		}
		user, host := word.Draw(t, "user"), word.Draw(t, "host")
		for _, out := range everyWay(t, personal.Email(user+"@"+host+".vn")) {
			if run := leaks(out, user, 1) + leaks(out, host, 1); run != "" {
				t.Fatalf("email %s@%s leaks %q: %s", user, host, run, out)
			}
		}
		street := word.Draw(t, "street")
		for _, out := range everyWay(t, personal.Address("12 "+street+", "+word.Draw(t, "ward")+", Huế")) {
			if run := leaks(out, street, 1); run != "" {
				t.Fatalf("address %s leaks %q: %s", street, run, out)
			}
		}
	})
}

func shownDigits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// The types mask in every way out, not only by String: digits too.
func TestEveryWayOut_ShowsOnlyTheMask(t *testing.T) {
	const phone, paper = "0917283645", "048172839465"
	for _, out := range everyWay(t, personal.Phone(phone)) {
		if strings.Contains(out, "72836") {
			t.Errorf("phone: %s", out)
		}
	}
	for _, out := range everyWay(t, personal.Paper(paper)) {
		if strings.Contains(out, "1728") {
			t.Errorf("paper: %s", out)
		}
	}
}

func TestStore_KeepsTheValue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		name, empty := personal.Name("Nguyễn Văn An"), personal.Email("")
		if err := db.Keep(t.Context(), func(tx *store.Tx) error {
			for _, q := range []string{"create table person (name text, phone text, email text, paper text)", "insert into person values ('', '', '', null)"} {
				if _, err := tx.Exec(q); err != nil {
					return err
				}
			}
			_, err := tx.Exec("update person set name = $1, phone = $2, email = $3", name, personal.Phone("0901234567\x00"), empty)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var gotName personal.Name
		var gotPhone personal.Phone
		var gotEmail personal.Email
		var gotPaper personal.Paper
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("select name, phone, email, paper from person").Scan(&gotName, &gotPhone, &gotEmail, &gotPaper)
		}); err != nil {
			t.Fatal(err)
		}
		if gotName.Reveal() != "Nguyễn Văn An" || gotPhone.Reveal() != "0901234567" || gotEmail != "" || gotPaper != "" {
			t.Errorf("read %q %q %q %q", gotName.Reveal(), gotPhone.Reveal(), gotEmail.Reveal(), gotPaper.Reveal())
		}
	})
}

func TestJSON_IsReadAsItIs(t *testing.T) {
	var v struct {
		Name  *personal.Name
		Phone personal.Phone
	}
	if err := json.Unmarshal([]byte(`{"Name":"Lê Thị Bình","Phone":"0901234567"}`), &v); err != nil || v.Name.Reveal() != "Lê Thị Bình" || v.Phone.Reveal() != "0901234567" {
		t.Errorf("%q %q %v", v.Name.Reveal(), v.Phone.Reveal(), err)
	}
}

func TestScan_SaysOnlyTheType(t *testing.T) {
	var p personal.Paper
	err := p.Scan(int64(48172839465))
	if err == nil || strings.Contains(err.Error(), "481728") {
		t.Errorf("error %v", err)
	}
}

var (
	_ driver.Valuer = personal.Address("")
	_ sql.Scanner   = (*personal.Address)(nil)
)

func FuzzMasks(f *testing.F) {
	for _, s := range []string{"", "Nguyễn Văn A", "0901234567", "+84901234567", "048123456123", "a@b.vn", "12 Lê Lợi, Đà Nẵng", "\xff\xfe", "\u0300\u0301", "a\x00b", "🙂 🙂"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, v := range []fmt.Stringer{personal.Name(s), personal.Phone(s), personal.Paper(s), personal.Email(s), personal.Address(s)} {
			out := v.String()
			if !utf8.ValidString(out) || out == "" && strings.TrimSpace(vi.NFC(s)) != "" {
				t.Errorf("%T of %q: %q", v, s, out)
			}
			if b, err := json.Marshal(v); err != nil || !json.Valid(b) {
				t.Errorf("%T of %q: %s %v", v, s, b, err)
			}
			if len(out) > 200 {
				t.Errorf("%T of %q is long: %q", v, s, out)
			}
		}
		for _, w := range strings.Fields(vi.NFC(s)) {
			if m := personal.Name(w).String(); utf8.RuneCountInString(strings.ReplaceAll(m, "*", "")) > 1 {
				t.Errorf("the word %q shows %q", w, m)
			}
		}
	})
}
