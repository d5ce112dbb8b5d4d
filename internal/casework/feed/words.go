package feed

import (
	"context"
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/vi"
)

// Choice is something that a word may mean.
type Choice struct {
	Meaning string // code of the unit, id of the account, state, code of the procedure
	Name    string
	Hints   []string // other names: the user name of an account, an old name
}

// Word is a word of a system with what it may mean.
type Word struct {
	casework.Word
	MeaningName string
	Suggestions []Choice
}

// maxSuggestions is how many meanings are offered for a word.
const maxSuggestions = 3

// Words lists the words of the systems with their counts; those without a
// meaning come with suggestions.
func (s *Service) Words(ctx context.Context, actor access.Actor, kind, system string, unmapped bool) ([]Word, error) {
	list, err := s.cases.Words(ctx, actor, kind, system, unmapped)
	if err != nil {
		return nil, err
	}
	out := make([]Word, len(list))
	choices := map[string]*vocabulary{}
	for i, w := range list {
		v := choices[w.Kind]
		if v == nil {
			if v, err = s.vocabulary(ctx, actor, w.Kind); err != nil {
				return nil, err
			}
			choices[w.Kind] = v
		}
		out[i] = Word{Word: w, MeaningName: v.names[w.Meaning]}
		if w.Meaning == "" {
			out[i].Suggestions = v.near(w.Word, w.Name)
		}
	}
	return out, nil
}

// SetWord says what a word means; the files that use it are folded again.
func (s *Service) SetWord(ctx context.Context, actor access.Actor, system, kind, word, meaning string) error {
	return s.cases.SetWord(ctx, actor, system, kind, word, meaning)
}

// vocabulary is what words of one kind can mean.
type vocabulary struct {
	names   map[string]string
	entries []entry
}

type entry struct {
	choice Choice
	forms  [][]string // its names as folded words
}

func (s *Service) vocabulary(ctx context.Context, actor access.Actor, kind string) (*vocabulary, error) {
	var list []Choice
	switch kind {
	case casework.StateWord:
		for _, st := range casework.States {
			t := st.Title()
			list = append(list, Choice{Meaning: string(st), Name: t.Vi, Hints: append([]string{t.En}, stateHints[st]...)})
		}
	case casework.ProcedureWord:
		ps, err := s.cases.Procedures(ctx, access.System("casework-feed"))
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			list = append(list, Choice{Meaning: p.Code, Name: p.Name, Hints: []string{p.Code}})
		}
	default:
		if s.choices != nil {
			var err error
			if list, err = s.choices(ctx, actor, kind); err != nil {
				return nil, err
			}
		}
	}
	v := &vocabulary{names: make(map[string]string, len(list))}
	for _, c := range list {
		v.names[c.Meaning] = c.Name
		e := entry{choice: c}
		for _, name := range append([]string{c.Meaning, c.Name}, c.Hints...) {
			if f := wordsIn(name); len(f) > 0 {
				e.forms = append(e.forms, f)
			}
		}
		v.entries = append(v.entries, e)
	}
	return v, nil
}

var stateHints = map[casework.State][]string{
	casework.NotAccepted: {"mới đăng ký", "chưa tiếp nhận", "mới nộp", "new"},
	casework.Processing:  {"đang xử lý", "đã tiếp nhận", "đang thụ lý", "chờ phê duyệt", "chờ ký duyệt", "trình lãnh đạo", "open", "in progress"},
	casework.Paused:      {"yêu cầu bổ sung", "chờ bổ sung giấy tờ", "chờ nộp phí", "nghĩa vụ tài chính", "chờ thẩm tra", "chờ ý kiến", "đang thẩm định thực địa"},
	casework.Finished:    {"đã xử lý xong", "có kết quả", "hoàn thành", "đã ký", "chờ trả kết quả", "closed", "done"},
	casework.Returned:    {"đã trả", "đã giao kết quả", "đã nhận kết quả"},
	casework.Refused:     {"không tiếp nhận", "từ chối"},
	casework.Withdrawn:   {"rút hồ sơ", "công dân rút"},
	casework.Stopped:     {"dừng xử lý", "trả lại hồ sơ", "huỷ hồ sơ", "không giải quyết", "cancelled"},
}

// short forms that officials write, folded.
var shortForms = map[string]string{
	"p": "phuong", "x": "xa", "ubnd": "uy ban nhan dan", "tp": "thanh pho", "q": "quan", "h": "huyen", "dk": "dac khu",
	"tnmt": "tai nguyen moi truong", "gtvt": "giao thong van tai", "xd": "xay dung", "ldtbxh": "lao dong thuong binh xa hoi",
	"khdt": "ke hoach dau tu", "nnptnt": "nong nghiep phat trien nong thon", "vhttdl": "van hoa the thao du lich", "hs": "ho so", "kq": "ket qua",
}

// empty are words that nearly every name has.
var emptyWords = map[string]bool{"uy": true, "ban": true, "nhan": true, "dan": true, "thanh": true, "pho": true, "va": true, "cua": true, "the": true, "of": true, "da": true, "nang": true}

// wordsIn are the folded words of a name, short forms written out.
func wordsIn(name string) []string {
	var out []string
	for _, w := range foldedWords(name) {
		if long, ok := shortForms[w]; ok {
			out = append(out, strings.Fields(long)...)
		} else {
			out = append(out, w)
		}
	}
	return out
}

// foldedWords are the words of a text without tones and case: letters and
// digits, whatever stands between.
func foldedWords(s string) []string {
	return strings.FieldsFunc(vi.Fold(s), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
}

// near finds the meanings whose names are most like the word or what the
// system calls it, the likeliest first.
func (v *vocabulary) near(word, name string) []Choice {
	type scored struct {
		Choice
		score float64
	}
	var found []scored
	asked := [][]string{wordsIn(word), wordsIn(name)}
	for _, e := range v.entries {
		best := 0.0
		for _, a := range asked {
			for _, f := range e.forms {
				best = max(best, likeness(a, f))
			}
		}
		if best >= 0.5 {
			found = append(found, scored{e.choice, best})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int {
		if a.score != b.score {
			if a.score > b.score {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Meaning, b.Meaning)
	})
	out := make([]Choice, 0, maxSuggestions)
	for _, f := range found[:min(len(found), maxSuggestions)] {
		out = append(out, f.Choice)
	}
	return out
}

// likeness is the share of weighty words that two names have in common (Dice);
// 1 for equal ones.
func likeness(a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if slices.Equal(a, b) {
		return 1
	}
	weight := func(w string) float64 {
		if emptyWords[w] {
			return 0.2
		}
		return 1
	}
	total, common := 0.0, 0.0
	rest := slices.Clone(b)
	for _, w := range b {
		total += weight(w)
	}
	for _, w := range a {
		total += weight(w)
		if i := slices.Index(rest, w); i >= 0 {
			common += 2 * weight(w)
			rest = slices.Delete(rest, i, i+1)
		}
	}
	return 0.99 * common / total
}
