package msg_test

import (
	"testing"

	"openioc.org/ioc/internal/msg"
)

func TestFormat(t *testing.T) {
	unit := msg.Text{Vi: "giờ", En: "hour"}
	text := msg.Text{Vi: "{n} mm trong một {unit}, còn {left}", En: "{n} mm in one {unit}, {left} left"}
	args := map[string]any{"n": 30, "unit": unit}
	if got := text.Format(msg.Vi, args); got != "30 mm trong một giờ, còn {left}" {
		t.Error(got)
	}
	if got := text.Format(msg.En, args); got != "30 mm in one hour, {left} left" {
		t.Error(got)
	}
	if got := (msg.Text{Vi: "chỉ tiếng Việt"}).In(msg.En); got != "chỉ tiếng Việt" {
		t.Error(got)
	}
}

func TestParseLang(t *testing.T) {
	for in, want := range map[string]msg.Lang{"": msg.Vi, "vi-VN,vi;q=0.9": msg.Vi, "en-GB": msg.En, "EN": msg.En, "fr": msg.Vi} {
		if got := msg.ParseLang(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}
