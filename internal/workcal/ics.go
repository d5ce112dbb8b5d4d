package workcal

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/msg"
)

// ICS is the rows of a year as a calendar file (RFC 5545): all-day events that
// block nobody, tentative where they are not confirmed. A row keeps its UID
// for good, so that a calendar that reads the file again renews it.
func (c *Calendar) ICS(year int, lang msg.Lang, now time.Time) []byte {
	var b bytes.Buffer
	line := func(name, value string) { fold(&b, name+":"+value) }
	text := func(name, value string) { line(name, escape(value)) }
	line("BEGIN", "VCALENDAR")
	line("VERSION", "2.0")
	line("PRODID", "-//openioc.org//workcal//"+strings.ToUpper(string(lang)))
	line("CALSCALE", "GREGORIAN")
	line("METHOD", "PUBLISH")
	text("X-WR-CALNAME", msg.Text{Vi: "Lịch nghỉ và làm bù", En: "Days off and working days in lieu"}.In(lang))
	line("X-WR-TIMEZONE", "Asia/Ho_Chi_Minh")
	for _, r := range c.rows(year) {
		summary, status := r.Name.In(lang), "CONFIRMED"
		if r.Status == Unconfirmed {
			status = "TENTATIVE"
			summary += msg.Text{Vi: " (chưa xác nhận)", En: " (not confirmed)"}.In(lang)
		}
		line("BEGIN", "VEVENT")
		line("UID", r.Date.Format("20060102")+"@workcal.openioc.org")
		line("DTSTAMP", now.UTC().Format("20060102T150405Z"))
		line("DTSTART;VALUE=DATE", r.Date.Format("20060102"))
		line("DTEND;VALUE=DATE", r.Date.AddDate(0, 0, 1).Format("20060102"))
		text("SUMMARY", summary)
		text("DESCRIPTION", r.Kind.Title().In(lang)+"\n"+r.Source)
		text("CATEGORIES", r.Kind.Title().In(lang))
		line("STATUS", status)
		line("TRANSP", "TRANSPARENT")
		line("END", "VEVENT")
	}
	line("END", "VCALENDAR")
	return b.Bytes()
}

var escaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", "")

func escape(s string) string { return escaper.Replace(s) }

// fold writes a content line in pieces of at most 75 octets, never inside a
// letter.
func fold(b *bytes.Buffer, s string) {
	room := 75
	for len(s) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		if cut == 0 { // no letter at all: broken text
			cut = room
		}
		b.WriteString(s[:cut] + "\r\n ")
		s, room = s[cut:], 74
	}
	b.WriteString(s + "\r\n")
}
