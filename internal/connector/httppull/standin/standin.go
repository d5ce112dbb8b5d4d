// Package standin is a server that answers as the city's public flood service
// (muangap-api.danang.gov.vn) did when it was recorded in 2026: the same
// addresses, the same shapes, the same stations, and the sensor faults that
// were measured on it. Tests, the demo and the documentation use it.
package standin

import (
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"openioc.org/ioc/internal/clock"
)

//go:embed data
var data embed.FS

// Station is one station of the network.
type Station struct {
	Code, Type, Name, Area string
	Lon, Lat               float64
	Recorded               float64 // water: depth on 2026-08-26T15:45:47Z, m
}

// Server answers as the service. Its depths are the recorded ones with the
// recorded faults, until Set says otherwise.
type Server struct {
	Rain  []Station
	Water []Station

	clock   *clock.Clock
	mux     *http.ServeMux
	reports json.RawMessage

	mu  sync.Mutex
	set map[string]float64
}

// New reads the recorded stations.
func New(c *clock.Clock) (*Server, error) {
	s := &Server{clock: c, mux: http.NewServeMux(), set: map[string]float64{}}
	rows, err := table("data/water_stations_93.csv", 8)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		st := Station{Code: r[0], Type: r[1], Name: r[3], Area: r[4]}
		if st.Lat, st.Lon, st.Recorded, err = numbers(r[5], r[6], r[7]); err != nil {
			return nil, err
		}
		s.Water = append(s.Water, st)
	}
	if rows, err = table("data/rain_stations_82.csv", 4); err != nil {
		return nil, err
	}
	for i, r := range rows {
		// The codes of the rain stations were not recorded.
		st := Station{Code: fmt.Sprintf("RS%03d", i+1), Name: r[0], Area: r[1]}
		if st.Lat, st.Lon, _, err = numbers(r[2], r[3], "0"); err != nil {
			return nil, err
		}
		s.Rain = append(s.Rain, st)
	}
	if s.reports, err = data.ReadFile("data/flood_reports_sample.json"); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("GET /v1/stations", s.rain)
	s.mux.HandleFunc("GET /v2/client/water_station/list_all", s.water)
	s.mux.HandleFunc("GET /v2/client/water_station/type", s.types)
	s.mux.HandleFunc("GET /v1/flood/reports", s.floodReports)
	return s, nil
}

func table(name string, width int) ([][]string, error) {
	f, err := data.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = width
	if _, err := r.Read(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var out [][]string
	for {
		row, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, row)
	}
}

func numbers(a, b, c string) (x, y, z float64, err error) {
	if x, err = strconv.ParseFloat(a, 64); err == nil {
		if y, err = strconv.ParseFloat(b, 64); err == nil {
			if c == "" {
				c = "0"
			}
			z, err = strconv.ParseFloat(c, 64)
		}
	}
	return x, y, z, err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Set holds a station's depth (rain in mm, water in m) at a value.
func (s *Server) Set(code string, depth float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set[code] = depth
}

func (s *Server) depth(st Station, now time.Time) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.set[st.Code]; ok {
		return v
	}
	return Faulty(st, now)
}

// Faulty is a water station's depth with the faults of six days of polling in
// August 2026: four stations frozen, one toggling each quarter of an hour,
// one that steps up and down without a ramp, and small negative depths.
func Faulty(st Station, now time.Time) float64 {
	quarter := now.Unix() / 900
	switch st.Code {
	case "431068":
		return 0.19
	case "431018":
		return 0.15
	case "431021", "431063":
		return 0.01
	case "431057":
		return []float64{0, 0.97}[quarter%2]
	case "431056": // 1.02 m for four rounds of each day
		if quarter%96 >= 40 && quarter%96 < 44 {
			return 1.02
		}
		return 0
	case "431032", "431042":
		return []float64{0, -0.01, 0.01}[quarter%3]
	}
	return st.Recorded
}

func (s *Server) rain(w http.ResponseWriter, r *http.Request) {
	type point struct {
		Type        string     `json:"type"`
		Coordinates [2]float64 `json:"coordinates"`
	}
	type row struct {
		ID        string  `json:"id"`
		Code      string  `json:"code"`
		Name      string  `json:"name"`
		Number    string  `json:"number"`
		Area      string  `json:"area"`
		District  string  `json:"district"`
		City      string  `json:"city"`
		Location  point   `json:"location"`
		Depth     float64 `json:"depth"`
		Total     float64 `json:"total_depth_24_hours"`
		Intensity float64 `json:"depth_intensity"`
		Deleted   *string `json:"deletedAt"`
	}
	now := s.clock.Now()
	rows := []row{}
	for i, st := range s.Rain {
		d := s.depth(st, now)
		rows = append(rows, row{
			ID: fmt.Sprintf("%024x", 0x66f000+i), Code: st.Code, Name: st.Name, Number: fmt.Sprintf("0900%06d", i), Area: st.Area, City: "Đà Nẵng",
			Location: point{"Point", [2]float64{st.Lon, st.Lat}}, Depth: d, Total: d,
		})
	}
	answer(w, r, map[string]any{"data": page(rows, r), "total": len(s.Rain)})
}

// page is Spring's: size −1 is everything.
func page[T any](rows []T, r *http.Request) []T {
	size, err := strconv.Atoi(r.URL.Query().Get("size"))
	if err != nil || size < 0 {
		return rows
	}
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 0 || size == 0 || n > len(rows)/size {
		return []T{}
	}
	return rows[n*size : min(n*size+size, len(rows))]
}

func (s *Server) water(w http.ResponseWriter, r *http.Request) {
	type row struct {
		ID       string  `json:"id"`
		Code     string  `json:"code"`
		Name     string  `json:"name"`
		Number   string  `json:"number"`
		Area     string  `json:"area"`
		District string  `json:"district"`
		City     string  `json:"city"`
		Address  string  `json:"address"`
		Type     string  `json:"waterStationTypeId"`
		Lon      float64 `json:"longitude"`
		Lat      float64 `json:"latitude"`
		Depth    float64 `json:"depth"`
	}
	now := s.clock.Now()
	rows := []row{}
	for i, st := range s.Water {
		rows = append(rows, row{
			ID: fmt.Sprintf("%024x", 0x77f000+i), Code: st.Code, Name: st.Name, Number: fmt.Sprintf("0901%06d", i), Area: st.Area, City: "Đà Nẵng",
			Type: st.Type, Lon: st.Lon, Lat: st.Lat, Depth: s.depth(st, now),
		})
	}
	answer(w, r, rows)
}

func (s *Server) types(w http.ResponseWriter, r *http.Request) {
	answer(w, r, []map[string]string{
		{"id": "flood_1m5", "title": "Tháp báo ngập"}, {"id": "water_level", "title": "Trạm đo mực nước"},
		{"id": "flood_3m", "title": "Tháp báo lũ"}, {"id": "reservoir_waterlevel", "title": "Trạm đo mực nước hồ"},
	})
}

func (s *Server) floodReports(w http.ResponseWriter, r *http.Request) {
	answer(w, r, map[string]any{"status": 200, "data": s.reports})
}

// answer writes JSON with an ETag, as the service's gateway does.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(b)
	tag := `W/"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(b) // the reader has gone: its loss
}
