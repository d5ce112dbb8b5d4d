package vi

import "unicode"

// The combining marks that are tones; the others (breve, circumflex, horn)
// make letters.
const (
	grave = '\u0300' // huyền
	hook  = '\u0309' // hỏi
	tilde = '\u0303' // ngã
	acute = '\u0301' // sắc
	dot   = '\u0323' // nặng
)

func isTone(r rune) bool {
	switch r {
	case grave, hook, tilde, acute, dot:
		return true
	}
	return false
}

// vowel is one vowel of a cluster, taken apart.
type vowel struct {
	base  rune
	marks []rune // what makes it another letter: ă â ê ô ơ ư
	tone  rune   // 0 when it has none
}

// placeTones moves the tone of each vowel cluster to the vowel where the
// older habit writes it. Its input and output are decomposed and lower case.
func placeTones(in []rune) []rune {
	out := make([]rune, 0, len(in))
	prev := rune(0) // the letter before, without marks
	for i := 0; i < len(in); {
		if !isVowel(in[i]) {
			if !unicode.Is(unicode.Mn, in[i]) {
				prev = in[i]
			}
			out = append(out, in[i])
			i++
			continue
		}
		var cluster []vowel
		for i < len(in) && isVowel(in[i]) {
			v := vowel{base: in[i]}
			for i++; i < len(in) && unicode.Is(unicode.Mn, in[i]); i++ {
				if isTone(in[i]) && v.tone == 0 {
					v.tone = in[i]
				} else {
					v.marks = append(v.marks, in[i])
				}
			}
			cluster = append(cluster, v)
		}
		closed := i < len(in) && unicode.IsLetter(in[i])
		moveTone(cluster, prev, closed)
		for _, v := range cluster {
			out = append(out, v.base)
			out = append(out, v.marks...)
			if v.tone != 0 {
				out = append(out, v.tone)
			}
			prev = v.base
		}
	}
	return out
}

// moveTone puts the only tone of a cluster on its nucleus. A cluster with no
// tone, with several, or longer than any in Vietnamese is left as it is.
func moveTone(cluster []vowel, before rune, closed bool) {
	at := -1
	for i, v := range cluster {
		if v.tone == 0 {
			continue
		}
		if at >= 0 {
			return
		}
		at = i
	}
	if at < 0 || len(cluster) == 1 || len(cluster) > 4 {
		return
	}
	to := nucleus(cluster, before, closed)
	tone := cluster[at].tone
	cluster[at].tone = 0
	cluster[to].tone = tone
}

// nucleus says which vowel bears the tone: the last one with a mark of its
// own (ươ, uyê), else by the length of what stays after the glide of "qu"
// and "gi" is taken for a consonant.
func nucleus(cluster []vowel, before rune, closed bool) int {
	first := 0
	if before == 'q' && cluster[0].base == 'u' && len(cluster[0].marks) == 0 ||
		before == 'g' && cluster[0].base == 'i' {
		first = 1
	}
	for i := len(cluster) - 1; i >= first; i-- {
		if len(cluster[i].marks) > 0 {
			return i
		}
	}
	switch n := len(cluster) - first; {
	case n == 1:
		return first
	case n == 2 && !closed:
		return first
	}
	return first + 1
}

func isVowel(r rune) bool {
	switch r {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return true
	}
	return false
}
