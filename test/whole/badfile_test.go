package whole

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// dropSource makes a source of kind file on its own drop folder and returns
// that folder once it is there.
func (y *yard) dropSource(t *testing.T, id, config, mapping string, keys ...string) string {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"name":%q,"kind":"file","provenance":"real","config":%s,"mapping":%s}`, id, id, config, mapping)
	if a := y.ask(t, "POST", "/api/v1/sources", y.Token, body); a.Status != 201 {
		t.Fatalf("create %s: %d %s", id, a.Status, a.Body)
	}
	for i, key := range keys {
		if err := y.CreateDatastream(id, fmt.Sprintf("%s-%d", id, i), key, i, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(y.Dir, "drop", id)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		if time.Now().After(deadline) {
			t.Fatal("the drop folder does not come")
		}
	}
}

// drop puts a file into a folder in one step.
func drop(t *testing.T, dir, name, content string) {
	t.Helper()
	tmp := filepath.Join(dir, "."+name+".tmp")
	if err := os.WriteFile(tmp, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// stored waits until a source has so many stored readings, and duplicates.
func (y *yard) stored(t *testing.T, source string, stored, duplicate float64) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		all, err := y.Ledger()
		if err != nil {
			t.Fatal(err)
		}
		n := all[source]
		if n.Stored == stored && n.Duplicate == duplicate && n.InFlight == 0 {
			return
		}
		if time.Now().After(deadline) || n.Stored > stored {
			t.Fatalf("%s has %+v, wanted %v stored and %v duplicate; %v", source, n, stored, duplicate, y.letters(t, source))
		}
	}
}

// TestBadInput_Files drops what loggers, offices and vandals leave in a
// folder. Every bad file becomes a dead letter that says why; the good ones
// beside it are read.
func TestBadInput_Files(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	const quick = `{"protocol":"folder","every":"1s","settle":"0s"}`
	day := time.Now().UTC().AddDate(0, 0, -2)
	iso, vn, tt10 := day.Format("2006-01-02"), day.Format("02/01/2006"), day.Format("20060102")

	table := y.dropSource(t, "table", quick, `{"format":"csv","time":"field(record, \"thoi gian\")","datastream":"field(record, \"tram\")","value":"field(record, \"gia tri\")"}`, "Cẩm Lệ")
	own := y.dropSource(t, "own", quick, `null`, "H", "T1/Flow")
	slow := y.dropSource(t, "slow", `{"protocol":"folder","every":"1s","settle":"1s"}`, `null`, "S")

	// A file that somebody is still writing, beside all the others.
	grown := make(chan error, 1)
	go func() { grown <- grow(filepath.Join(slow, "growing.csv"), iso) }()

	// Files of old Vietnamese software: CP1258 with combining tones, decimal
	// commas, semicolons, CRLF.
	cp1258, err := charmap.Windows1258.NewEncoder().String(
		"Tra\u0323m;Th\u01a1\u0300i gian;Gi\u00e1 tri\u0323\r\nC\u00e2\u0309m L\u00ea\u0323;" + vn + " 01:00;1,25\r\nC\u00e2\u0309m L\u00ea\u0323;" + vn + " 02:00;1,31\r\n")
	if err != nil {
		t.Fatal(err)
	}
	drop(t, table, "cp1258.csv", cp1258)
	drop(t, table, "tabs.csv", "\ufeffTrạm\tThời gian\tGiá trị\nCẩm Lệ\t"+vn+" 03:00\t1,5\n")
	drop(t, table, "rows.csv", "Trạm,Thời gian,Giá trị\nCẩm Lệ,"+vn+" 04:00,1.6\nCẩm Lệ,"+vn+" 05:00\nCẩm Lệ,hôm qua,1.7\nCẩm Lệ,"+vn+" 06:00,cao\nCẩm Lệ,"+vn+" 07:00,1.8\n")

	drop(t, own, "TINH_CS_T1_"+tt10+"080000.txt", "Flow\t1,41\tm\t"+tt10+"080000\t00\r\nFlow 1.42 m "+tt10+"080500 00\r\nFlow,1.43,m,"+tt10+"081000\r\nFlow\t1.44\tm\t"+tt10[:5])
	drop(t, own, "broken.json", `[{"datastream":"H","time":`)
	drop(t, own, "deep.json", strings.Repeat("[", 100_000))
	drop(t, own, "nan.json", `[{"datastream":"H","time":"`+iso+`T00:00:00Z","value":"NaN"},{"datastream":"H","time":"`+iso+`T01:00:00Z","value":1}]`)
	drop(t, own, "empty.csv", "")
	drop(t, own, "zeros.csv", strings.Repeat("\x00", 4096))
	drop(t, own, "noise.csv", "datastream,time,value\n\"never closed\n\x01\x02\xff\xfe\xfd\n")
	drop(t, own, "bomb.xml", `<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>`)
	drop(t, own, "page.xml", "<html><body><p>404</body></html>")
	drop(t, own, "broken.xlsx", "PK\x03\x04 this is no workbook")
	drop(t, own, "bomb.xlsx", workbook(t, 200<<20, false))
	drop(t, own, "liar.xlsx", workbook(t, 40<<20, true)) // declares 40 kB
	drop(t, own, "line\nbreak \x1b[31m.json", `{"oops":`)
	if err := os.Truncate(touch(t, filepath.Join(own, "huge.csv")), 17<<20); err != nil {
		t.Fatal(err)
	}
	// Things that are no files must neither be followed nor hold the reader up.
	if err := os.Symlink("/etc/passwd", filepath.Join(own, "passwd.csv")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(own, "pipe.csv"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(own, "folder.csv"), 0o755); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct{ source, code, says string }{
		{"table", "decode.csv_width", "line 3 has 2 columns, the header has 3"},
		{"table", "mapping.time", "hôm qua"},
		{"table", "mapping.value", "cao"},
		{"own", "decode.tt10_time", "line 4: "},
		{"own", "decode.json", "line 1, column"},
		{"own", "decode.too_deep", "64"},
		{"own", "mapping.value", "NaN is not a number"},
		{"own", "decode.empty", "empty"},
		{"own", "decode.csv_quote", "line 2"},
		{"own", "decode.xml_doctype", "DOCTYPE"},
		{"own", "decode.xml", "line 1"},
		{"own", "decode.xlsx", "XLSX"},
		{"own", "decode.xlsx_bomb", "larger than"},
		{"own", "file.too_large", "huge.csv"},
	} {
		t.Run(c.source+" "+c.code, func(t *testing.T) {
			if l := y.letter(t, c.source, c.code, c.says); l.State != "open" || l.Kind != "unread" {
				t.Errorf("got %v, %s", l, l.State)
			}
		})
	}
	y.goesOn(t)
	y.stored(t, "table", 5, 0)
	y.stored(t, "own", 4, 0)
	codes := map[string]int{}
	for _, l := range y.letters(t, "own") {
		codes[l.Code]++
		if strings.Contains(l.Raw, "root:") {
			t.Errorf("a link was followed: %v", l)
		}
	}

	if codes["decode.xlsx"] != 2 || codes["decode.xlsx_bomb"] != 1 || codes["decode.empty"] != 2 || codes["decode.json"] != 2 {
		t.Errorf("a bad file has no dead letter: %v", codes)
	}

	t.Run("duplicate file", func(t *testing.T) {
		letters := len(y.letters(t, "table"))
		drop(t, table, "copy.csv", cp1258)
		until(t, "a note that the file is known", func() bool {
			var d struct{ Note string }
			if err := y.Do("GET", "/api/v1/sources/table?lang=en", nil, &d); err != nil {
				t.Fatal(err)
			}
			return strings.Contains(d.Note, "copy.csv") && strings.Contains(d.Note, "cp1258.csv")
		})
		// The same readings in another file are known one by one.
		drop(t, table, "again.csv", cp1258+"\r\n")
		y.stored(t, "table", 5, 2)
		if n := len(y.letters(t, "table")); n != letters {
			t.Errorf("%d dead letters, %d before", n, letters)
		}
	})

	t.Run("mended", func(t *testing.T) {
		l := y.letter(t, "table", "mapping.value", "cao")
		for _, c := range []struct{ word, want string }{
			{"1,75", "decode.csv_width"}, // the comma parts columns here
			{"1.75", `"accepted":1`},
		} {
			raw, err := json.Marshal(map[string]string{"raw": strings.ReplaceAll(l.Raw, "cao", c.word)})
			if err != nil {
				t.Fatal(err)
			}
			a := y.ask(t, "POST", "/api/v1/dead-letters/"+l.ID+"/replay", y.Token, string(raw))
			if a.Status != 200 || !strings.Contains(a.Body, c.want) {
				t.Errorf("got %d %s", a.Status, a.Body)
			}
		}
	})

	t.Run("still being written", func(t *testing.T) {
		if err := <-grown; err != nil {
			t.Fatal(err)
		}
		y.stored(t, "slow", growLines, 0)
		if ls := y.letters(t, "slow"); len(ls) != 0 {
			t.Errorf("a half file was read: %v", ls)
		}
	})

	y.balanced(t)
	if mb := memoryPeak(t, y.City); mb > 768 {
		t.Errorf("files of at most 16 MB took %d MB", mb)
	} else {
		t.Logf("memory peak %d MB", mb)
	}
	if err := y.Stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(y.Log.String(), "\x1b[31m") {
		t.Error("a file name wrote control characters into the log")
	}
}

// growLines are written one every 100 ms, each in two halves, so that the
// file never stands still for the second that the source waits.
const growLines = 30

func grow(path, day string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString("datastream,time,value\n"); err != nil {
		return err
	}
	for i := range growLines {
		line := fmt.Sprintf("S,%sT02:%02d:00Z,1.%d\n", day, i, i%10)
		for _, half := range []string{line[:12], line[12:]} {
			if _, err := f.WriteString(half); err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond) // a slow writer is what is tested
		}
	}
	return nil
}

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// until polls another process until ok.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 15 s", what)
		}
	}
}

// workbook is an XLSX file whose sheet unpacks to size bytes; a liar declares
// a thousandth of it.
func workbook(t *testing.T, size int, liar bool) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range map[string]string{
		"[Content_Types].xml":        `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels":                `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	const name = "xl/worksheets/sheet1.xml"
	sheet := append([]byte(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>`), bytes.Repeat([]byte("a"), size)...)
	sheet = append(sheet, `</t></is></c></row></sheetData></worksheet>`...)
	if !liar {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(sheet); err != nil {
			t.Fatal(err)
		}
	} else {
		packed := deflated(t, sheet)
		w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(sheet),
			CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(sheet) / 1000)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(packed); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func deflated(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
