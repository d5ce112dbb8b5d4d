package org_test

import (
	"testing"

	"openioc.org/ioc/internal/org"
)

// Whatever a file holds, it is read or refused with a line, and what is read
// comes through a tree without harm.
func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{
		"code,name\nx,Y\n", "\uFEFFcode;name;valid_from\nx;Y;01/07/2025\n", "code\tname\tsuccessors\nx\tY\ta|b c\n",
		"code,name\n\"x,Y\n", "code,name\nx\n", "name,code,code\n", "", "\x00", "code,name,valid_from\nx,y,9999-99-99\n", "code,name\r\nx,\"a\r\nb\"\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, problems := org.ReadCSV(text)
		if len(rows) == 0 && len(problems) == 0 {
			t.Fatal("neither a row nor a problem")
		}
		for _, p := range problems {
			if p.Line < 1 || p.Err == nil {
				t.Fatalf("%+v", p)
			}
		}
		for _, r := range rows {
			if r.Line < 2 || r.Unit.ValidFrom.Year() > 2201 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
