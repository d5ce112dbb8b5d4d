package casework

import (
	"maps"

	"openioc.org/ioc/internal/vi"
)

// The kinds of words that systems use in their own way.
const (
	UnitWord      = "unit"
	OfficerWord   = "officer"
	StateWord     = "state"
	ProcedureWord = "procedure"
)

// NoAccount is the meaning of an officer who is known and has no account here.
const NoAccount = "-"

type wordKey struct{ system, kind, word string }

// Words say what the words of the systems mean. The zero Words knows the
// national codes of states and their usual names. It does not change.
type Words struct {
	said map[wordKey]string
}

// With is w and one more word; an empty system is every system.
func (w Words) With(system, kind, word, meaning string) Words {
	said := maps.Clone(w.said)
	if said == nil {
		said = map[wordKey]string{}
	}
	said[wordKey{system, kind, word}] = meaning
	return Words{said}
}

// Mean is what a word of a system means; false when nobody has said.
func (w Words) Mean(system, kind, word string) (string, bool) {
	if m, ok := w.said[wordKey{system, kind, word}]; ok && m != "" {
		return m, true
	}
	m, ok := w.said[wordKey{"", kind, word}]
	return m, ok && m != ""
}

// state is the state that a word means: said for the system, else the national
// code, else the usual name.
func (w Words) state(system, word string) (State, bool) {
	if m, ok := w.Mean(system, StateWord, word); ok {
		return State(m), true
	}
	if s, ok := nationalStates[word]; ok {
		return s, true
	}
	s, ok := usualStates[vi.Fold(word)]
	return s, ok
}

// nationalStates are the codes of TrangThaiHoSo (domain notes §2.3).
var nationalStates = map[string]State{
	"1": NotAccepted, "2": Processing, "3": Refused, "4": Processing, "5": Paused, "6": Paused,
	"7": Withdrawn, "8": Stopped, "9": Finished, "10": Returned,
}

// usualStates are names that need no mapping, folded; and our own words.
var usualStates = map[string]State{
	"moi dang ky": NotAccepted, "cho tiep nhan": NotAccepted, "chua tiep nhan": NotAccepted,
	"duoc tiep nhan": Processing, "da tiep nhan": Processing, "dang xu ly": Processing, "dang giai quyet": Processing,
	"khong duoc tiep nhan": Refused, "tu choi": Refused, "tu choi tiep nhan": Refused,
	"yeu cau bo sung giay to": Paused, "cho bo sung": Paused, "yeu cau thuc hien nghia vu tai chinh": Paused, "cho nop phi": Paused,
	"tam dung": Paused, "cho tham tra": Paused, "qua han bo sung": Paused,
	"cong dan yeu cau rut ho so": Withdrawn, "rut ho so": Withdrawn, "rut": Withdrawn,
	"dung xu ly": Stopped, "dung": Stopped, "tra ho so": Stopped,
	"da xu ly xong": Finished, "da giai quyet": Finished, "co ket qua": Finished,
	"da tra ket qua": Returned, "da tra": Returned,
	string(NotAccepted): NotAccepted, string(Processing): Processing, string(Paused): Paused, string(Finished): Finished,
	string(Returned): Returned, string(Refused): Refused, string(Withdrawn): Withdrawn, string(Stopped): Stopped,
}
