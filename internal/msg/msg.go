// Package msg holds the sentences that the program says to people, in
// Vietnamese and English, side by side, so that a missing translation does
// not compile. Arguments stand in braces: "gauge {name} is silent".
package msg

import (
	"fmt"
	"strings"
)

// Lang is a language of the interface.
type Lang string

// The languages; Vi is the default.
const (
	Vi Lang = "vi"
	En Lang = "en"
)

// ParseLang reads an Accept-Language or ?lang= value; anything that does not
// start with "en" is Vietnamese.
func ParseLang(s string) Lang {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(s)), "en") {
		return En
	}
	return Vi
}

// Text is one sentence in both languages. As JSON it is {"vi": …, "en": …}.
type Text struct {
	Vi string `json:"vi"`
	En string `json:"en"`
}

// In returns the sentence in lang.
func (t Text) In(lang Lang) string {
	if lang == En && t.En != "" {
		return t.En
	}
	return t.Vi
}

// Format fills the arguments into the sentence in lang. An argument that is
// itself a Text is translated too; one that is missing stays visible as
// {name}, so that the fault is seen.
func (t Text) Format(lang Lang, args map[string]any) string {
	s := t.In(lang)
	if len(args) == 0 || !strings.Contains(s, "{") {
		return s
	}
	pairs := make([]string, 0, 2*len(args))
	for k, v := range args {
		if inner, ok := v.(Text); ok {
			v = inner.In(lang)
		}
		pairs = append(pairs, "{"+k+"}", fmt.Sprint(v))
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
