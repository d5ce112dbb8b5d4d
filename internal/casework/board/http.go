package board

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/httpapi"
)

func op(id, path, summary string, permission access.Permission, errs ...int) huma.Operation {
	return httpapi.Needs(huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: "/api/v1" + path, Summary: summary, Tags: []string{"cases"}, DefaultStatus: http.StatusOK,
		Security: httpapi.Signed, Errors: append([]int{http.StatusForbidden, http.StatusServiceUnavailable}, errs...),
	}, permission)
}

type askInput struct {
	By        string    `query:"by" enum:"unit,field,procedure,channel,officer" default:"unit"`
	Parent    string    `query:"parent" doc:"by unit: rolled up to the children of this one"`
	Unit      string    `query:"unit" doc:"and all below it"`
	Field     string    `query:"field"`
	Procedure string    `query:"procedure"`
	Channel   string    `query:"channel" enum:"direct,online,post,unknown"`
	Officer   string    `query:"officer"`
	From      time.Time `query:"from" doc:"left out: the first of the month"`
	To        time.Time `query:"to" doc:"the first instant no longer; left out: at"`
	At        time.Time `query:"at" doc:"left out: now"`
}

func (in *askInput) ask() Ask {
	return Ask{By: in.By, Parent: in.Parent, Unit: in.Unit, Field: in.Field, Procedure: in.Procedure, Channel: in.Channel, Officer: in.Officer, From: in.From, To: in.To, At: in.At}
}

type fileOutput struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func fileOf(name string, body []byte, err error) (*fileOutput, error) {
	if err != nil {
		return nil, err
	}
	return &fileOutput{Type: xlsx, Disposition: `attachment; filename="` + name + `"`, Body: body}, nil
}

func xlsxOp(o huma.Operation) huma.Operation {
	o.Responses = map[string]*huma.Response{"200": {Description: "A workbook", Content: map[string]*huma.MediaType{xlsx: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return o
}

// mostExported files leave at a time.
const mostExported = 20000

// Routes registers the operations.
func (b *Board) Routes(api huma.API) {
	huma.Register(api, op("case-board", "/cases/board", "Files by unit, field, procedure, channel or officer, for a period and as of an instant", access.CaseView, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *askInput) (*struct{ Body Sheet }, error) {
			s, err := b.Count(ctx, httpapi.Actor(ctx), in.ask())
			return &struct{ Body Sheet }{s}, err
		})
	huma.Register(api, xlsxOp(op("export-case-board", "/cases/board/export", "The board as a workbook", access.CaseView, http.StatusUnprocessableEntity)),
		func(ctx context.Context, in *askInput) (*fileOutput, error) {
			s, err := b.Count(ctx, httpapi.Actor(ctx), in.ask())
			if err != nil {
				return nil, err
			}
			body, err := s.XLSX()
			return fileOf("ho-so-theo-"+s.By+".xlsx", body, err)
		})
	huma.Register(api, xlsxOp(op("export-cases", "/cases/export", "The list of files as a workbook; names masked, at most 20,000", access.CaseView, http.StatusUnprocessableEntity)),
		func(ctx context.Context, in *casework.ListQuery) (*fileOutput, error) {
			cases, at, more, err := b.collect(ctx, in.Filter())
			if err != nil {
				return nil, err
			}
			body, err := listXLSX(cases, at, more)
			return fileOf("ho-so.xlsx", body, err)
		})
	type slowOutput struct {
		Body struct {
			Rows      []Slow `json:"rows"`
			Bounded   bool   `json:"bounded" doc:"only the newest 20,000 files were looked at"`
			Synthetic bool   `json:"synthetic" doc:"made-up files are among them"`
		}
	}
	huma.Register(api, op("slow-cases", "/cases/slow", "Procedures or steps that take longest, in office hours", access.CaseView, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			By   string    `query:"by" enum:"procedure,step" default:"procedure"`
			Unit string    `query:"unit"`
			From time.Time `query:"from"`
			To   time.Time `query:"to"`
		}) (*slowOutput, error) {
			rows, bounded, err := b.Slowest(ctx, httpapi.Actor(ctx), Ask{Unit: in.Unit, From: in.From, To: in.To}, in.By == "step")
			out := &slowOutput{}
			out.Body.Rows, out.Body.Bounded, out.Body.Synthetic = rows, bounded, b.synthetic()
			return out, err
		})
	huma.Register(api, op("score-cases", "/cases/score766", "The groups of QĐ 766/QĐ-TTg, as far as the data go", access.CaseView, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			Unit string    `query:"unit"`
			From time.Time `query:"from"`
			To   time.Time `query:"to"`
		}) (*struct{ Body Score }, error) {
			s, err := b.Score766(ctx, httpapi.Actor(ctx), Ask{Unit: in.Unit, From: in.From, To: in.To})
			return &struct{ Body Score }{s}, err
		})
	huma.Register(api, op("compare-cases", "/cases/compare", "Two periods side by side by the units of today; sums and unattributed make the total", access.CaseView, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			AFrom time.Time `query:"a_from" required:"true"`
			ATo   time.Time `query:"a_to" required:"true"`
			BFrom time.Time `query:"b_from" required:"true"`
			BTo   time.Time `query:"b_to" required:"true"`
		}) (*struct{ Body Comparison }, error) {
			c, err := b.Compare(ctx, httpapi.Actor(ctx), in.AFrom, in.ATo, in.BFrom, in.BTo)
			return &struct{ Body Comparison }{c}, err
		})
	huma.Register(api, op("summarize-cases", "/cases/summary", "The files in a few figures", access.CaseView),
		func(ctx context.Context, _ *struct{}) (*struct{ Body Summary }, error) {
			s, err := b.Summary(ctx, httpapi.Actor(ctx))
			return &struct{ Body Summary }{s}, err
		})
}

// collect reads a list page by page, up to what may leave at a time.
func (b *Board) collect(ctx context.Context, f casework.Filter) (cases []*casework.Case, at time.Time, more bool, err error) {
	f.Limit = 500
	for {
		p, err := b.o.Cases.List(ctx, httpapi.Actor(ctx), f)
		if err != nil {
			return nil, at, false, err
		}
		cases, at = append(cases, p.Cases...), p.At
		if f.Cursor = p.Next; p.Next == "" || len(cases) >= mostExported {
			return cases, at, p.Next != "", nil
		}
	}
}
