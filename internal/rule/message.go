package rule

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/vi"
)

// placeholders are the words in braces that a message may use.
var placeholders = []string{"name", "value", "unit", "place", "since", "level", "limit"}

var (
	errPlaceholder = fault.Define(fault.Invalid, "rule.placeholder",
		"at character {position}: {name} is no placeholder; use one of {known}",
		"ký tự thứ {position}: không có chỗ điền {name}; chỉ dùng {known}")
	errBrace = fault.Define(fault.Invalid, "rule.brace",
		"at character {position}: a brace without its partner", "ký tự thứ {position}: dấu ngoặc nhọn không thành cặp")
	errMessageEmpty = fault.Define(fault.Invalid, "rule.message_empty", "give the alert a title in Vietnamese", "cần tiêu đề cảnh báo bằng tiếng Việt")
	errMessageLong  = fault.Define(fault.Invalid, "rule.message_long", "at most {limit} characters", "dài nhất {limit} ký tự")
)

// maxMessage bounds each sentence of a message, in characters.
const maxMessage = 500

// checkTemplate finds what is wrong with one sentence of a message: a word in
// braces that nothing fills, or a brace alone. The position counts characters
// from 1; 0 means there is nothing wrong.
func checkTemplate(s string) (position int, err *fault.Error) {
	if utf8.RuneCountInString(s) > maxMessage {
		return maxMessage + 1, errMessageLong.With("limit", maxMessage)
	}
	at := func(i int) int { return utf8.RuneCountInString(s[:i]) + 1 }
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '}':
			return at(i), errBrace.With("position", at(i))
		case '{':
			end := strings.IndexAny(s[i+1:], "{}")
			if end < 0 || s[i+1+end] == '{' {
				return at(i), errBrace.With("position", at(i))
			}
			if name := s[i+1 : i+1+end]; !slices.Contains(placeholders, name) {
				return at(i), errPlaceholder.With("position", at(i), "name", "{"+name+"}", "known", "{"+strings.Join(placeholders, "} {")+"}")
			}
			i += end + 1
		}
	}
	return 0, nil
}

// fact is what fills a message.
type fact struct {
	name, place string
	value       *float64
	unit        string // UCUM
	since       time.Time
	level       msg.Text // what was passed: "BĐ2", or the severity
	limit       *float64
}

// fill makes a sentence in both languages.
func (f fact) fill(t msg.Text) msg.Text {
	args := map[string]any{
		"name": f.name, "place": f.place, "unit": shownUnit(f.unit), "level": f.level,
		"value": number(f.value, f.unit), "limit": number(f.limit, f.unit),
		"since": msg.Text{Vi: caltime.Format(msg.Vi, f.since), En: caltime.Format(msg.En, f.since)},
	}
	out := msg.Text{Vi: t.Format(msg.Vi, args), En: t.Format(msg.En, args)}
	if t.En == "" {
		out.En = ""
	}
	return out
}

// number writes a value (spans of time in minutes) as each language does, with the decimals that its
// unit deserves.
func number(v *float64, unit string) msg.Text {
	if v == nil {
		return msg.Text{Vi: "—", En: "—"}
	}
	x, decimals := *v, 1
	switch unit {
	case "m":
		decimals = 2
	case "s":
		x, decimals = x/60, 0
	case "min", "1", "{count}":
		decimals = 0
	}
	return msg.Text{Vi: vi.FormatNumber(x, decimals), En: strconv.FormatFloat(x, 'f', decimals, 64)}
}

// shownUnit is how people write a UCUM unit.
func shownUnit(ucum string) msg.Text {
	switch ucum {
	case "Cel":
		ucum = "°C"
	case "s":
		return msg.Text{Vi: "phút", En: "minutes"}
	case "1", "{count}":
		ucum = ""
	}
	return msg.Text{Vi: ucum, En: ucum}
}
