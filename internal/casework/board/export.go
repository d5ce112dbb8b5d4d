package board

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/msg"
)

// cell keeps a spreadsheet from taking what somebody said for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// book writes a sheet of rows under notes and titles.
func book(title string, notes []string, heads []string, widths []float64, rows [][]any, percents []int) ([]byte, error) {
	x := excelize.NewFile()
	defer func() { _ = x.Close() }()
	const sheet = "Sheet1"
	w, err := x.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	bold, err := x.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	if err != nil {
		return nil, err
	}
	format := "0.00%"
	percent, err := x.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return nil, err
	}
	for i, width := range widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return nil, err
		}
	}
	line := 1
	put := func(values ...any) error {
		err := w.SetRow(fmt.Sprintf("A%d", line), values)
		line++
		return err
	}
	if err := put(excelize.Cell{StyleID: bold, Value: title}); err != nil {
		return nil, err
	}
	for _, n := range notes {
		if err := put(n); err != nil {
			return nil, err
		}
	}
	head := make([]any, len(heads))
	for i, h := range heads {
		head[i] = excelize.Cell{StyleID: bold, Value: h}
	}
	if err := put(head...); err != nil {
		return nil, err
	}
	for _, r := range rows {
		for i, v := range r {
			if s, ok := v.(string); ok {
				r[i] = cell(s)
			}
		}
		for _, i := range percents {
			r[i] = excelize.Cell{StyleID: percent, Value: r[i]}
		}
		if err := put(r...); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	err = x.Write(&buf)
	return buf.Bytes(), err
}

const syntheticNote = "CÓ DỮ LIỆU MÔ PHỎNG: không phải số liệu thật"

// XLSX writes a board as a workbook.
func (s *Sheet) XLSX() ([]byte, error) {
	notes := []string{
		fmt.Sprintf("Kỳ: từ %s đến %s; hồ sơ đang giải quyết tính tại %s", caltime.FormatVi(s.From), caltime.FormatVi(s.To), caltime.FormatVi(minTime(s.At, s.To))),
		Denominator.Vi,
	}
	if s.Synthetic {
		notes = append(notes, syntheticNote)
	}
	heads := []string{
		map[string]string{ByUnit: "Đơn vị", ByField: "Lĩnh vực", ByProcedure: "Thủ tục", ByChannel: "Kênh", ByOfficer: "Cán bộ"}[s.By], "Mã",
		"Tiếp nhận", "Trực tiếp", "Trực tuyến", "Bưu chính", "Tồn đầu kỳ", "Đã giải quyết", "Trước hạn", "Đúng hạn", "Trễ hạn", "Đang giải quyết", "Trong hạn", "Sắp đến hạn", "Quá hạn", "Tạm dừng",
		"Từ chối", "Rút", "Tỷ lệ trễ", "Tỷ lệ đúng hạn", "Kết quả", "Đã số hóa", "Tỷ lệ số hóa", "Tỷ lệ trễ kỳ trước",
	}
	widths := []float64{42, 16}
	for range heads[2:] {
		widths = append(widths, 11)
	}
	rows := make([][]any, 0, len(s.Rows)+1)
	for i, r := range append(slices.Clone(s.Rows), s.Total) {
		switch {
		case i == len(s.Rows):
			r.Name = "Toàn bộ"
		case s.By == ByChannel:
			r.Name = channelNames[casework.Channel(r.Key)].Vi
		case r.Key == "":
			r.Name = "(không rõ)"
		}
		var before any
		if r.Previous != nil {
			before = number(r.Previous.LateRatio)
		}
		rows = append(rows, []any{r.Name, r.Key, r.Received, r.ReceivedDirect, r.ReceivedOnline, r.ReceivedPost, r.CarriedOver, r.Finished, r.Early, r.OnTime, r.Late, r.InProgress, r.InTime, r.NearDue, r.Overdue, r.Paused,
			r.Refused, r.Withdrawn, number(r.LateRatio), number(r.OnTimeRatio), r.Results, r.Digitized, number(r.DigitizedRatio), before})
	}
	return book("Tình hình giải quyết hồ sơ thủ tục hành chính", notes, heads, widths, rows, []int{18, 19, 22, 23})
}

func number(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// listXLSX writes files as a workbook; names stay masked.
func listXLSX(cases []*casework.Case, at time.Time, more bool) ([]byte, error) {
	notes := []string{"Thời điểm: " + caltime.FormatVi(at) + ". Thông tin cá nhân đã che."}
	if more {
		notes = append(notes, fmt.Sprintf("Chỉ gồm %d hồ sơ đầu danh sách", len(cases)))
	}
	for _, c := range cases {
		if c.Synthetic {
			notes = append(notes, syntheticNote)
			break
		}
	}
	date := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return caltime.Format(msg.Vi, *t)
	}
	rows := make([][]any, 0, len(cases))
	for _, c := range cases {
		given, computed := date(c.DueGiven), date(c.DueComputed)
		copied := ""
		if c.Digitized != nil {
			copied = map[bool]string{true: "Có", false: "Chưa"}[*c.Digitized]
		}
		rows = append(rows, []any{c.Code, c.SystemName, c.ProcedureName, c.FieldName, channelNames[c.Channel].Vi, c.Applicant.Name.Masked(), c.UnitName, c.OfficerName, c.StateName.Vi, c.ClassNow.Title().Vi,
			date(c.ReceivedAt), date(c.Due), given, computed, date(c.FinishedAt), float64(c.LateSeconds) / 3600, copied, map[bool]string{true: "Mô phỏng"}[c.Synthetic]})
	}
	return book("Danh sách hồ sơ", notes,
		[]string{"Mã hồ sơ", "Hệ thống", "Thủ tục", "Lĩnh vực", "Kênh", "Người nộp", "Đơn vị", "Cán bộ", "Trạng thái", "Thời hạn", "Tiếp nhận", "Hạn", "Hẹn trả (nguồn)", "Hạn tính", "Kết thúc", "Trễ (giờ)", "Bản điện tử", "Ghi chú"},
		[]float64{26, 18, 40, 20, 12, 16, 28, 18, 20, 18, 17, 17, 17, 17, 17, 10, 11, 12}, rows, nil)
}
