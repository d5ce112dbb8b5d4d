package incident

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

//go:embed print.html print.css
var printed embed.FS

var (
	printCSS  = template.CSS(read("print.css")) //nolint:gosec // our own file
	printPage = template.Must(template.New("print.html").Funcs(template.FuncMap{
		"when": func(t any) string {
			switch t := t.(type) {
			case time.Time:
				return t.In(caltime.Zone).Format("15:04:05 02/01/2006")
			case *time.Time:
				if t != nil {
					return t.In(caltime.Zone).Format("15:04:05 02/01/2006")
				}
			}
			return "–"
		},
		"lasted":   lasted,
		"step":     func(s string) string { return stepTitle(s).Vi },
		"severity": func(n int) string { return severityTitle(n).Vi },
		"who":      who,
		"words":    words,
	}).ParseFS(printed, "print.html"))
)

func read(name string) string {
	b, err := printed.ReadFile(name)
	if err != nil { // it is embedded
		panic(err)
	}
	return string(b)
}

// printCSP lets the page use its own style sheet, named by its hash, and
// nothing else: a saved copy looks the same.
var printCSP = func() string {
	sum := sha256.Sum256([]byte(printCSS))
	return "default-src 'none'; img-src 'self'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// lasted is a number of seconds as people read it.
func lasted(n *int64) string {
	if n == nil {
		return "–"
	}
	d := time.Duration(*n) * time.Second
	switch h, m := int(d.Hours()), int(d.Minutes())%60; {
	case h > 0:
		return fmt.Sprintf("%d giờ %d phút", h, m)
	case m > 0:
		return fmt.Sprintf("%d phút %d giây", m, int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d giây", int(d.Seconds()))
}

func who(p *Person) string {
	switch {
	case p == nil:
		return "Hệ thống"
	case p.Unit != "":
		return p.Name + " (" + p.Unit + ")"
	}
	return p.Name
}

// words is a line of the timeline's data as people read it.
func words(e Entry) string {
	var parts []string
	add := func(key, label string) {
		if v, ok := e.Data[key]; ok && v != nil && fmt.Sprint(v) != "" {
			parts = append(parts, label+shown(v))
		}
	}
	add("number", "")
	add("title", "")
	add("n", "bước ")
	add("lead_unit_name", "chủ trì: ")
	add("unit_name", "đơn vị: ")
	add("percent", "tiến độ %: ")
	add("due", "hạn: ")
	add("until", "xin đến: ")
	if list, ok := e.Data["alerts"].([]any); ok {
		for _, a := range list {
			if m, ok := a.(map[string]any); ok {
				parts = append(parts, fmt.Sprint(m["number"]))
			}
		}
	}
	for _, f := range e.Attachments {
		parts = append(parts, "tệp: "+f.Name)
	}
	return strings.Join(parts, "; ")
}

func shown(v any) string {
	switch v := v.(type) {
	case map[string]any: // a text in two languages
		return fmt.Sprint(v["vi"])
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return clockText(t)
		}
	}
	return fmt.Sprint(v)
}

// entryTitles name the lines of the timeline that are no steps of an incident
// or a task.
var entryTitles = map[string]msg.Text{
	entryPropose: text("Đề xuất sự cố", "Proposed"), entryOpen: text("Mở sự cố", "Opened"), entryMessage: text("Tin nhắn", "Message"),
	entrySOP: text("Bước quy trình", "Step of the SOP"), entrySOPAssign: text("Gán quy trình", "SOP assigned"), entrySOPLate: text("Bước quy trình quá hạn", "Step of the SOP late"),
	entryAbsorb: text("Nhận sự cố gộp vào", "Took in another incident"), entryReaddress: text("Chuyển đơn vị", "Readdressed"), "give": text("Giao nhiệm vụ", "Task given"),
	"due_soon": text("Sắp đến hạn", "Due soon"), "overdue": text("Quá hạn", "Overdue"), "escalate": text("Báo cấp trên", "Escalated"),
}

func stepTitle(step string) msg.Text {
	if t, ok := entryTitles[step]; ok {
		return t
	}
	if m, ok := moveOf(step); ok {
		return capital(m.did)
	}
	if m, ok := taskMoveOf(step); ok {
		return capital(m.did)
	}
	return text(step, step)
}

func capital(t msg.Text) msg.Text {
	up := func(s string) string {
		r := []rune(s)
		return strings.ToUpper(string(r[:1])) + string(r[1:])
	}
	return text(up(t.Vi), up(t.En))
}

func severityTitle(n int) msg.Text { return severityOf(n).Title() }

// Export returns everything about an incident in a format: json, html or csv.
func (s *Service) Export(ctx context.Context, actor access.Actor, id, format string) (name, kind string, body []byte, err error) {
	d, err := s.Get(ctx, actor, id)
	if err != nil {
		return "", "", nil, err
	}
	name = d.Incident.Number + "." + format
	switch format {
	case "html":
		var b bytes.Buffer
		err = printPage.Execute(&b, struct {
			Detail
			CSS template.CSS
			At  time.Time
			By  string
		}{d, printCSS, s.clock.Now(), actor.Name})
		return name, "text/html; charset=utf-8", b.Bytes(), err
	case "csv":
		body, err = timelineCSV(d)
		return name, "text/csv; charset=utf-8", body, err
	}
	body, err = json.MarshalIndent(struct {
		Detail
		ExportedAt time.Time `json:"exported_at"`
		ExportedBy string    `json:"exported_by"`
	}{d, s.clock.Now(), actor.Name}, "", " ")
	return name, "application/json", body, err
}

// timelineCSV is the timeline as a table; the mark at its head tells
// spreadsheets that it is UTF-8.
func timelineCSV(d Detail) ([]byte, error) {
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	if err := w.Write([]string{"time", "actor", "unit", "step", "step_title", "from", "to", "comment", "details", "task", "attachments"}); err != nil {
		return nil, err
	}
	for _, e := range d.Timeline {
		actor, unit := "Hệ thống", ""
		if e.Actor != nil {
			actor, unit = e.Actor.Name, e.Actor.Unit
		}
		var names []string
		for _, f := range e.Attachments {
			names = append(names, f.Name)
		}
		row := []string{e.At.In(caltime.Zone).Format("2006-01-02T15:04:05.000-07:00"), actor, unit, e.Step, stepTitle(e.Step).Vi, e.From, e.To, e.Comment, words(e), e.Task, strings.Join(names, ", ")}
		for n := range row {
			row[n] = noFormula(row[n])
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// noFormula keeps spreadsheets from computing what somebody wrote.
func noFormula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (s *Service) exportRoutes(api huma.API) {
	o := httpapi.Needs(op("export-incident", http.MethodGet, "/incidents/{id}/export", "incidents", "An incident to print (html) or to keep (json, csv)", http.StatusOK, http.StatusNotFound), access.IncidentView)
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}, "text/html": file, "text/csv": file}}}
	huma.Register(api, o, func(ctx context.Context, in *struct {
		ID     string `path:"id"`
		Format string `query:"format" enum:"json,html,csv" default:"json"`
	}) (*huma.StreamResponse, error) {
		name, kind, body, err := s.Export(ctx, httpapi.Actor(ctx), in.ID, in.Format)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", kind)
			hc.SetHeader("Cache-Control", "private, no-store")
			if in.Format == "html" {
				hc.SetHeader("Content-Security-Policy", printCSP)
			} else {
				hc.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
			}
			_, _ = hc.BodyWriter().Write(body) // the reader went away: nobody is left to tell
		}}, nil
	})
}
