package ingest

import (
	"strings"

	"openioc.org/ioc/internal/sensing"
)

// qualityWords are what sources say about their own readings. The numbers are
// the status column of a TT 10/2021 file: measuring, calibrating, device
// error.
var qualityWords = map[string]sensing.Flags{
	"": 0, "good": 0, "ok": 0, "valid": 0, "measured": 0, "0": 0, "00": 0,
	"1": sensing.Bad, "01": sensing.Bad, "calibrating": sensing.Bad,
	"2": sensing.Bad, "02": sensing.Bad, "error": sensing.Bad, "bad": sensing.Bad, "invalid": sensing.Bad,
	"estimated": sensing.Estimated, "interpolated": sensing.Estimated, "reconstructed": sensing.Estimated,
	"given":   sensing.Given,
	"suspect": sensing.Suspect, "uncertain": sensing.Suspect,
	"maintenance": sensing.Maintenance,
}

// qualityFlags reads the quality of a reading: one word or several between
// commas or semicolons. A word that is not known makes the value suspect: the
// source says something about it, and it is not that it is good.
func qualityFlags(quality string) sensing.Flags {
	if flags, ok := qualityWords[quality]; ok {
		return flags
	}
	var flags sensing.Flags
	for _, word := range strings.FieldsFunc(quality, func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		f, known := qualityWords[strings.ToLower(strings.TrimSpace(word))]
		if !known {
			f = sensing.Suspect
		}
		flags |= f
	}
	return flags
}
