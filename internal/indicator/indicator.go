// Package indicator reads the registries of layers and figures for people and
// programs: lists, one layer at an instant (also as GeoJSON), one figure, and
// the overview that gathers the tiles. It knows no service: what it shows is
// what the services have registered.
package indicator

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/layer"
	"openioc.org/ioc/internal/msg"
)

// Options are what a Service needs.
type Options struct {
	Layers  *layer.Registry
	Figures *figure.Registry
	// Feeds list the notable changes before an instant, newest first; one
	// for each city service.
	Feeds []func(ctx context.Context, at time.Time, limit int) ([]figure.Notice, error)
	// Sources tells how the sources are; nil tells nothing.
	Sources func(ctx context.Context) SourcesState
	Clock   *clock.Clock
	Logger  *slog.Logger
}

// SourcesState sums up the sources for the overview.
type SourcesState struct {
	Total      int      `json:"total"`
	Live       int      `json:"live"`
	Late       int      `json:"late"`
	Silent     int      `json:"silent"`
	LagSeconds *float64 `json:"lag_seconds" doc:"age of the newest observation; null without one"`
}

// Service answers the requests. Make one with New.
type Service struct{ o Options }

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Layers == nil || o.Figures == nil {
		return nil, fmt.Errorf("indicator needs the registries of layers and figures")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{o}, nil
}

// LayerView describes a layer.
type LayerView struct {
	ID       string             `json:"id"`
	Service  string             `json:"service"`
	Title    msg.Text           `json:"title"`
	Geometry string             `json:"geometry" enum:"point,polygon"`
	On       bool               `json:"on"`
	Columns  []layer.Column     `json:"columns"`
	Legend   []layer.LegendItem `json:"legend"`
	Count    *int               `json:"count,omitempty" doc:"features it has now"`
}

func viewOfLayer(l *layer.Layer) LayerView {
	return LayerView{ID: l.ID, Service: l.Service, Title: l.Title, Geometry: l.Geometry, On: l.On, Columns: l.Columns, Legend: l.Legend}
}

// LayerAt is a layer with its features at an instant.
type LayerAt struct {
	Layer    LayerView       `json:"layer"`
	At       time.Time       `json:"at"`
	Features []layer.Feature `json:"features"`
}

// LayerAt returns the features of a layer at an instant; the zero instant and
// the future are now.
func (s *Service) LayerAt(ctx context.Context, actor access.Actor, id string, at time.Time) (*LayerAt, error) {
	l, err := s.o.Layers.Get(actor, id)
	if err != nil {
		return nil, err
	}
	at = s.instant(at)
	fs, err := l.Features(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("layer %s: %w", id, err)
	}
	if fs == nil {
		fs = []layer.Feature{}
	}
	return &LayerAt{Layer: viewOfLayer(l), At: at, Features: fs}, nil
}

func (s *Service) instant(at time.Time) time.Time {
	now := s.o.Clock.Now()
	if at.IsZero() || at.After(now) {
		return now
	}
	return at.UTC()
}

// IndicatorView describes an indicator.
type IndicatorView struct {
	ID         string   `json:"id"`
	Service    string   `json:"service"`
	Title      msg.Text `json:"title"`
	Definition msg.Text `json:"definition"`
	Unit       string   `json:"unit"`
	Good       string   `json:"good" doc:"which way is better: up, down, or empty"`
	Tile       int      `json:"tile" doc:"order on the overview, 0 not there"`
}

func viewOfIndicator(i *figure.Indicator) IndicatorView {
	return IndicatorView{i.ID, i.Service, i.Title, i.Definition, i.Unit, i.Good, i.Tile}
}

// Tile is an indicator with its figure.
type Tile struct {
	Indicator IndicatorView `json:"indicator"`
	Figure    figure.Figure `json:"figure"`
}

// Overview is what the first page shows.
type Overview struct {
	At      time.Time       `json:"at"`
	Tiles   []Tile          `json:"tiles"`
	Feed    []figure.Notice `json:"feed"`
	Sources SourcesState    `json:"sources"`
}

const feedLength = 40

// Overview gathers the tiles, the feed and the state of the sources. A tile
// that cannot be computed says so and does not take the others with it.
func (s *Service) Overview(ctx context.Context, actor access.Actor, at time.Time) (*Overview, error) {
	if err := access.Require(actor, access.LayerView, access.Scope{}); err != nil {
		return nil, err
	}
	at = s.instant(at)
	out := &Overview{At: at, Tiles: []Tile{}, Feed: []figure.Notice{}}
	for _, i := range s.o.Figures.All(actor) {
		if i.Tile == 0 {
			continue
		}
		f, err := i.Compute(ctx, figure.Scope{}, at)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			s.o.Logger.Error("compute indicator", "indicator", i.ID, "err", err)
			f = figure.Figure{Indicator: i.ID, Unit: i.Unit, AsOf: at, Why: &msg.Text{Vi: "Lỗi khi tính", En: "It could not be computed"}}
		}
		out.Tiles = append(out.Tiles, Tile{viewOfIndicator(i), f})
	}
	slices.SortStableFunc(out.Tiles, func(a, b Tile) int { return a.Indicator.Tile - b.Indicator.Tile })
	for _, feed := range s.o.Feeds {
		ns, err := feed(ctx, at, feedLength)
		if err != nil {
			return nil, fmt.Errorf("feed: %w", err)
		}
		out.Feed = append(out.Feed, ns...)
	}
	slices.SortStableFunc(out.Feed, func(a, b figure.Notice) int { return b.At.Compare(a.At) })
	out.Feed = out.Feed[:min(len(out.Feed), feedLength)]
	if s.o.Sources != nil {
		out.Sources = s.o.Sources(ctx)
	}
	return out, nil
}
