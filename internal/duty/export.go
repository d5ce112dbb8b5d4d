package duty

import (
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

// The formats of the book outside.
const (
	CSV  = "csv"
	HTML = "html"
)

// mostExported lines leave at a time.
const mostExported = 20000

// writeBookCSV writes the columns of a sổ trực ban, the oldest line first.
func writeBookCSV(w io.Writer, es []LogEntry) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil { // so that Excel reads Vietnamese
		return err
	}
	c := csv.NewWriter(w)
	rows := [][]string{{"Số", "Thời gian", "Nguồn tin", "Nội dung", "Xử lý", "Kết quả", "Cán bộ trực", "Đính chính mục"}}
	numbers := numbersOf(es)
	for i := len(es) - 1; i >= 0; i-- {
		e := es[i]
		rows = append(rows, []string{strconv.Itoa(e.N), caltime.FormatVi(e.Time), cell(e.Source), cell(e.Content), cell(e.Action), cell(e.Result), cell(e.Officer.Name), corrected(e, numbers)})
	}
	return c.WriteAll(rows)
}

// cell keeps a spreadsheet from taking what somebody said for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func numbersOf(es []LogEntry) map[string]int {
	out := make(map[string]int, len(es))
	for _, e := range es {
		out[e.ID] = e.N
	}
	return out
}

func corrected(e LogEntry, numbers map[string]int) string {
	if e.Corrects == nil {
		return ""
	}
	if n, ok := numbers[*e.Corrects]; ok {
		return strconv.Itoa(n)
	}
	return *e.Corrects
}

// The page is for paper: its styles are its own, and the answer's policy
// allows nothing else.
var bookPage = template.Must(template.New("book").Parse(`<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><title>Sổ trực ban</title>
<style>
@page { size: A4 landscape; margin: 20mm 15mm 20mm 30mm }
body { font-family: "Times New Roman", serif; font-size: 13pt; color: #000; margin: 24px }
.head { display: flex; justify-content: space-between; text-align: center }
.head strong { display: block }
h1 { text-align: center; font-size: 14pt; margin: 24px 0 4px }
p.span { text-align: center; margin: 0 0 16px }
table { width: 100%; border-collapse: collapse }
thead { display: table-header-group }
th, td { border: 1px solid #000; padding: 4px 6px; vertical-align: top; text-align: left; white-space: pre-line }
tr { break-inside: avoid }
.sign { display: flex; justify-content: flex-end; margin-top: 32px }
.sign div { text-align: center; width: 40% }
</style></head><body>
<div class="head"><div>{{.Above}}<strong>{{.Name}}</strong></div><div><strong>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</strong><strong>Độc lập - Tự do - Hạnh phúc</strong></div></div>
<h1>SỔ TRỰC BAN</h1><p class="span">{{.Span}}</p>
<table><thead><tr><th>Số</th><th>Thời gian</th><th>Nguồn tin</th><th>Nội dung</th><th>Xử lý</th><th>Kết quả</th><th>Cán bộ trực</th></tr></thead><tbody>
{{range .Rows}}<tr><td>{{.N}}</td><td>{{.Time}}</td><td>{{.Source}}</td><td>{{.Content}}{{if .Corrects}}
(Đính chính mục {{.Corrects}}){{end}}</td><td>{{.Action}}</td><td>{{.Result}}</td><td>{{.Officer}}</td></tr>
{{else}}<tr><td colspan="7">Không có nội dung ghi sổ trong thời gian này.</td></tr>
{{end}}</tbody></table>
<div class="sign"><div>Trưởng ca<br><i>(Ký, ghi rõ họ tên)</i></div></div>
</body></html>
`))

type bookRow struct {
	N                                                        int
	Time, Source, Content, Action, Result, Officer, Corrects string
}

func writeBookHTML(w io.Writer, es []LogEntry, from, to time.Time, ioc, above string) error {
	numbers := numbersOf(es)
	rows := make([]bookRow, 0, len(es))
	for i := len(es) - 1; i >= 0; i-- {
		e := es[i]
		rows = append(rows, bookRow{e.N, caltime.FormatVi(e.Time), e.Source, e.Content, e.Action, e.Result, e.Officer.Name, corrected(e, numbers)})
	}
	span := fmt.Sprintf("Từ %s đến %s", caltime.Format(msg.Vi, from), caltime.Format(msg.Vi, to))
	return bookPage.Execute(w, map[string]any{"Rows": rows, "Span": span, "Name": strings.ToUpper(ioc), "Above": strings.ToUpper(above)})
}
