package notify_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"openioc.org/ioc/internal/notify"
)

func TestShippedTemplatesAreValidChannels(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ts, err := notify.Templates()
		if err != nil || len(ts) != 3 {
			t.Fatalf("%d templates, %v", len(ts), err)
		}
		for _, x := range ts {
			if x.Title.Vi == "" || x.Title.En == "" || x.Note.Vi == "" || x.Note.En == "" {
				t.Errorf("%s lacks words", x.ID)
			}
			d.channel(notify.HTTP, x.Config)
		}
	})
}

func TestPhone(t *testing.T) {
	for in, want := range map[string]string{
		"0905 123 456": "+84905123456", "+84 905.123.456": "+84905123456", "84905123456": "+84905123456", "+84 (0)905-123-456": "+84905123456",
		"0084905123456": "+84905123456", "0236 3822 222": "+842363822222", " 0399999999 ": "+84399999999",
		"": "", "12345": "", "0105123456": "", "090512345": "", "09051234567": "", "+1 202 555 0100": "", "0905abc456": "", "+84": "", "0905123456; drop": "", "++84905123456": "",
	} {
		got, err := notify.Phone(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	if m := notify.MaskPhone("+84905123456"); m != "090***3456" {
		t.Error(m)
	}
}

func TestPlain(t *testing.T) {
	if got := notify.Plain("Đường Nguyễn Tất Thành ngập – 0,5 m"); got != "Duong Nguyen Tat Thanh ngap - 0,5 m" {
		t.Error(got)
	}
}

// Whatever somebody wrote, a gateway is sent what was meant and nothing else.
func FuzzFill(f *testing.F) {
	for _, s := range []string{`Ngập "nặng"`, "a\r\nX-Evil: 1", `\`, `"}],{"to":"*"`, "&to=0900&", "{phone}", "%00", "\x00\xff", "😀\u2028", "?a=b#c/../.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		valid := strings.ToValidUTF8(s, "\uFFFD")
		values := map[string]string{"text": s, "phone": "+84905123456"}
		var body struct{ To, Text, More string }
		raw := notify.Fill(`{"to":"{phone}","text":"{text}","more":"{text}{unknown}"}`, values, notify.EscapeFor("application/json; charset=utf-8"))
		if err := json.Unmarshal([]byte(raw), &body); err != nil {
			t.Fatalf("%q makes %q: %v", s, raw, err)
		}
		if utf8.ValidString(s) && (body.Text != valid || body.To != "+84905123456" || body.More != valid+"{unknown}") {
			t.Fatalf("%q became %+v", s, body)
		}
		form, err := url.ParseQuery(notify.Fill("to={phone}&text={text}", values, notify.EscapeFor("application/x-www-form-urlencoded")))
		if err != nil || len(form) != 2 || form.Get("text") != s || form.Get("to") != "+84905123456" {
			t.Fatalf("%q became %v %v", s, form, err)
		}
		u, err := url.Parse(notify.Fill("https://sms.example/{text}/send?text={text}", values, notify.URLText))
		if err != nil || u.Host != "sms.example" || u.Query().Get("text") != s || strings.Count(u.EscapedPath(), "/") != 2 || u.Fragment != "" {
			t.Fatalf("%q became %v %v", s, u, err)
		}
	})
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"0905123456", "+84 905 123 456", "", "0236 3822222", "٠٩", "+84(0)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := notify.Phone(s)
		if err != nil {
			return
		}
		again, err := notify.Phone(got)
		if err != nil || again != got || !strings.HasPrefix(got, "+84") || len(got) < 12 || len(got) > 13 {
			t.Fatalf("%q → %q → %q %v", s, got, again, err)
		}
	})
}
