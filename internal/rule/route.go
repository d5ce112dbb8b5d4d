package rule

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"openioc.org/ioc/internal/httpapi"
)

const (
	rulesPath = "/api/v1/rules"
	partOf    = rulesPath + "/{id}/"
)

// parted lets GET /rules/backtests/{id} and GET /rules/{id}/versions live side
// by side: the server's mux refuses two patterns of which neither is more
// specific, so what is asked of one rule goes through one pattern and is told
// apart by its last part here. The document shows each operation as it is.
type parted struct {
	huma.API
	parts partAdapter
}

type partAdapter struct {
	huma.Adapter
	gets map[string]part
}

type part struct {
	op     *huma.Operation
	handle func(huma.Context)
}

func newParted(api huma.API) *parted {
	return &parted{api, partAdapter{api.Adapter(), map[string]part{}}}
}

// Adapter puts the operations of one rule aside.
func (p *parted) Adapter() huma.Adapter { return p.parts }

// Handle registers an operation, or keeps it for close.
func (a partAdapter) Handle(op *huma.Operation, handle func(huma.Context)) {
	if name, ok := strings.CutPrefix(op.Path, partOf); ok && op.Method == http.MethodGet {
		a.gets[name] = part{op, handle}
		return
	}
	a.Adapter.Handle(op, handle)
}

// close registers what was kept.
func (p *parted) close() {
	op := &huma.Operation{Method: http.MethodGet, Path: partOf + "{part}"}
	p.parts.Adapter.Handle(op, func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		x, ok := p.parts.gets[ctx.Param("part")]
		if !ok {
			httpapi.NotFound(w, r)
			return
		}
		x.handle(humago.NewContext(x.op, r, w))
	})
}
