package board

import (
	"context"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/msg"
)

// Component is a part of a group of QĐ 766/QĐ-TTg.
type Component struct {
	Name        msg.Text  `json:"name"`
	Numerator   *int      `json:"numerator"`
	Denominator *int      `json:"denominator"`
	Ratio       *float64  `json:"ratio"`
	Points      *float64  `json:"points"`
	Max         float64   `json:"max" doc:"0: the points of this part are not known"`
	Formula     msg.Text  `json:"formula"`
	Missing     *msg.Text `json:"missing" doc:"what it would take; null: nothing is missing"`
}

// Group is one of the five groups.
type Group struct {
	Code       string      `json:"code"`
	Name       msg.Text    `json:"name"`
	Max        float64     `json:"max"`
	Points     *float64    `json:"points"`
	KnownMax   float64     `json:"known_max" doc:"of how many points the data at hand can speak"`
	Components []Component `json:"components"`
}

// UnitScore are the points of a unit, of those that are known.
type UnitScore struct {
	Unit     string   `json:"unit"`
	Name     string   `json:"name"`
	Points   *float64 `json:"points"`
	KnownMax float64  `json:"known_max"`
}

// Score is what can be said of QĐ 766 from the files alone.
type Score struct {
	Groups    []Group     `json:"groups"`
	Units     []UnitScore `json:"units"`
	Synthetic bool        `json:"synthetic" doc:"made-up files are among them"`
}

func words(vi, en string) msg.Text { return msg.Text{Vi: vi, En: en} }

func missing(vi, en string) *msg.Text { return &msg.Text{Vi: vi, En: en} }

// part is a component with figures; without weight its ratio stands alone.
func part(name, formula msg.Text, numerator, denominator int, max float64, why *msg.Text) Component {
	c := Component{Name: name, Formula: formula, Numerator: &numerator, Denominator: &denominator, Ratio: ratio(numerator, denominator), Max: max}
	switch {
	case max == 0:
		c.Missing = why
	case c.Ratio == nil:
		c.Missing = missing("Chưa có hồ sơ trong kỳ", "No file in the period")
	default:
		p := *c.Ratio * max
		c.Points = &p
	}
	return c
}

func absent(name msg.Text, why *msg.Text) Component { return Component{Name: name, Missing: why} }

// groupsOf are the five groups with what the figures of a row allow.
func (b *Board) groupsOf(r *Row) []Group {
	noWeight := missing("Chưa có điểm tối đa của thành phần (cấu hình)", "The points of this part are not configured")
	groups := []Group{
		{Code: "transparency", Name: words("Công khai, minh bạch", "Openness"), Max: 18, Components: []Component{
			absent(words("Công bố, công khai thủ tục đúng hạn", "Procedures published on time"), missing("Cần dữ liệu công bố thủ tục của Cổng DVCQG", "Needs the publication data of the national portal"))}},
		{Code: "progress", Name: words("Tiến độ, kết quả giải quyết", "Progress and results"), Max: 20, Components: []Component{
			part(words("Hồ sơ giải quyết đúng hạn", "Files finished on time"), words("(trước hạn + đúng hạn) / (đã giải quyết + quá hạn) × 20", "(early + on time) / (finished + overdue) × 20"), r.Early+r.OnTime, r.Finished+r.Overdue, 20, nil)}},
		{Code: "digitization", Name: words("Số hóa hồ sơ", "Digitization"), Max: 22, Components: []Component{
			part(words("Cấp kết quả điện tử", "Electronic results"), words("kết quả có bản điện tử hợp lệ / kết quả trong kỳ", "results with a valid electronic copy / results of the period"), r.Digitized, r.Results, b.o.Weights["electronic_results"], noWeight),
			absent(words("Số hóa khi tiếp nhận", "Digitization at intake"), missing("Hệ thống một cửa chưa gửi dữ liệu số hóa đầu vào", "The one-stop systems send no data of it")),
			absent(words("Khai thác, sử dụng lại dữ liệu đã số hóa", "Re-use of digitized data"), missing("Cần dữ liệu kho dữ liệu điện tử", "Needs the data of the electronic store"))}},
		{Code: "online", Name: words("Cung cấp dịch vụ trực tuyến", "Online services"), Max: 22, Components: []Component{
			part(words("Hồ sơ nộp trực tuyến", "Files sent online"), words("tiếp nhận trực tuyến / tiếp nhận trong kỳ", "received online / received in the period"), r.ReceivedOnline, r.Received, b.o.Weights["online_filing"], noWeight),
			absent(words("Thủ tục toàn trình", "Procedures wholly online"), missing("Cần danh mục dịch vụ công toàn trình", "Needs the list of procedures that are wholly online")),
			absent(words("Thanh toán trực tuyến", "Online payment"), missing("Cần dữ liệu của nền tảng thanh toán", "Needs the data of the payment platform"))}},
		{Code: "satisfaction", Name: words("Mức độ hài lòng", "Satisfaction"), Max: 18, Components: []Component{
			absent(words("Phản ánh, kiến nghị xử lý đúng hạn", "Complaints answered on time"), missing("Chưa nối dữ liệu phản ánh, kiến nghị", "Complaints are not connected yet")),
			absent(words("Hài lòng về giải quyết thủ tục", "Satisfaction with procedures"), missing("Cần dữ liệu khảo sát hài lòng", "Needs the survey of satisfaction"))}},
	}
	for i := range groups {
		g := &groups[i]
		for _, c := range g.Components {
			if c.Points == nil {
				continue
			}
			g.KnownMax += c.Max
			if g.Points == nil {
				g.Points = new(float64)
			}
			*g.Points += *c.Points
		}
	}
	return groups
}

// Score766 is what can be said of QĐ 766 for a period, for the whole and by
// unit; what the data do not hold is named and gets no points.
func (b *Board) Score766(ctx context.Context, actor access.Actor, a Ask) (Score, error) {
	a.By = ByUnit
	s, err := b.Count(ctx, actor, a)
	if err != nil {
		return Score{Groups: []Group{}, Units: []UnitScore{}}, err
	}
	out := Score{Groups: b.groupsOf(&s.Total), Units: []UnitScore{}, Synthetic: s.Synthetic}
	for i := range s.Rows {
		u := UnitScore{Unit: s.Rows[i].Key, Name: s.Rows[i].Name}
		for _, g := range b.groupsOf(&s.Rows[i]) {
			if g.Points != nil {
				if u.Points == nil {
					u.Points = new(float64)
				}
				*u.Points += *g.Points
				u.KnownMax += g.KnownMax
			}
		}
		out.Units = append(out.Units, u)
	}
	return out, nil
}
