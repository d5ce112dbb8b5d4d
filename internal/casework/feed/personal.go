package feed

import (
	"encoding/json"
	"regexp"
	"strings"

	"openioc.org/ioc/internal/personal"
)

// foldName is a column's name for comparing: no tones, no case, no "case:",
// words apart by single blanks. "NGAY_TIEP_NHAN", "Ngày tiếp nhận" and
// "NgayTiepNhan" are one.
func foldName(s string) string {
	var b strings.Builder
	lower := false
	for _, r := range s {
		if lower && r >= 'A' && r <= 'Z' { // camelCase
			b.WriteByte(' ')
		}
		lower = r >= 'a' && r <= 'z'
		b.WriteRune(r)
	}
	return strings.Join(foldedWords(b.String()), " ")
}

// personalWords are names of columns that hold personal data, mapped or not.
var personalWords = []string{
	"chu ho so", "nguoi nop", "ho ten", "ho va ten", "hoten", "ten nguoi", "ten cong dan", "cccd", "cmnd", "can cuoc", "so giay to", "ma so thue", "ma doi tuong",
	"dinh danh", "dien thoai", "di dong", "sdt", "phone", "mobile", "email", "thu dien tu", "dia chi", "noi o", "thuong tru", "tam tru", "address",
	"ngay sinh", "nam sinh", "birth", "applicant", "citizen", "passport", "ho chieu", "so tai khoan", "gioi tinh", "dan toc", "ton giao",
}

// squeezedWords are personalWords without blanks.
var squeezedWords = func() []string {
	out := make([]string, len(personalWords))
	for i, w := range personalWords {
		out[i] = strings.ReplaceAll(w, " ", "")
	}
	return out
}()

// officialWords are names that sound alike and belong to officials.
var officialWords = []string{"can bo", "thu ly", "xu ly", "responsible", "officer", "don vi", "co quan"}

// personalName reports whether a column is called like personal data.
func personalName(column string) bool {
	f := foldName(column)
	squeezed := strings.ReplaceAll(f, " ", "")
	for _, w := range officialWords {
		if strings.Contains(f, w) {
			return false
		}
	}
	for _, w := range squeezedWords { // what holds a word holds it squeezed too
		if strings.Contains(squeezed, w) {
			return true
		}
	}
	return false
}

// Numbers that name a person wherever they stand: CCCD, mobile, e-mail.
var (
	paperLike = regexp.MustCompile(`^0\d{11}$`)
	phoneLike = regexp.MustCompile(`^(?:\+?84|0)[3-9]\d{8}$`)
	emailLike = regexp.MustCompile(`[^\s@]+@[^\s@]+\.[^\s@]+`)
)

// withoutPersonal empties what looks personal inside a value.
func withoutPersonal(v any) any {
	switch x := v.(type) {
	case string:
		return maskValue(x)
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, y := range x {
			if !personalName(k) {
				out[k] = withoutPersonal(y)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, y := range x {
			out[i] = withoutPersonal(y)
		}
		return out
	}
	return v
}

// maskValue masks a text that looks like a number of a person.
func maskValue(s string) string {
	t := strings.TrimSpace(s)
	switch {
	case len(t) < 9 || len(t) > 200:
	case paperLike.MatchString(t):
		return personal.Paper(t).Masked()
	case phoneLike.MatchString(t):
		return personal.Phone(t).Masked()
	case strings.Contains(t, "@") && emailLike.MatchString(t):
		return emailLike.ReplaceAllStringFunc(t, func(m string) string { return personal.Email(m).Masked() })
	}
	return s
}

// masked is a record as it may be shown: what the mapping or the name of a
// column calls personal is masked by its kind.
func masked(rec map[string]any, m Mapping) map[string]any {
	kinds := map[string]string{}
	for _, t := range targets {
		if s := m.source(t.Name); t.Personal && s != nil && s.Column != "" {
			kinds[foldName(s.Column)] = t.Name
		}
	}
	return maskRecord(rec, kinds)
}

func maskRecord(rec map[string]any, kinds map[string]string) map[string]any {
	out := make(map[string]any, len(rec))
	for k, v := range rec {
		kind, mapped := kinds[foldName(k)]
		switch x := v.(type) {
		case map[string]any:
			out[k] = maskRecord(x, kinds)
			continue
		case []any:
			list := make([]any, len(x))
			for i, y := range x {
				if m, ok := y.(map[string]any); ok {
					list[i] = maskRecord(m, kinds)
				} else {
					list[i] = withoutPersonal(y)
				}
			}
			out[k] = list
			continue
		}
		if !mapped && !personalName(k) {
			out[k] = withoutPersonal(v)
			continue
		}
		if !mapped {
			kind = suggest(k)
		}
		s, isText := v.(string)
		if !isText && v != nil {
			b, err := json.Marshal(v)
			if err != nil {
				b = nil
			}
			s = string(b)
		}
		out[k] = maskAs(kind, s)
	}
	return out
}

func maskAs(kind, s string) string {
	if s == "" {
		return ""
	}
	switch kind {
	case "applicant_paper":
		return personal.Paper(s).Masked()
	case "applicant_phone":
		return personal.Phone(s).Masked()
	case "applicant_email":
		return personal.Email(s).Masked()
	case "applicant_address":
		return personal.Address(s).Masked()
	case "applicant_name":
		return personal.Name(s).Masked()
	}
	return "***"
}
