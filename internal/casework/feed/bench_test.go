package feed

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// benchCSV is a file of so many rows: five messages each of many files.
func benchCSV(rows int) []byte {
	var b strings.Builder
	b.WriteString("MA_HO_SO,TRANG_THAI,NGAY_TIEP_NHAN,NGAY_HEN_TRA,NGAY_CAP_NHAT,DON_VI,CAN_BO,CHU_HO_SO,DIEN_THOAI,MA_TTHC\n")
	start := local("2026-03-02 07:30")
	for i := range rows {
		file := i / 5
		day := start.AddDate(0, 0, file/4000)
		fmt.Fprintf(&b, "H17.19-%s-%06d,%s,%s,%s,%s,2024%d,cb%d,Nguyễn Văn %d,09051%05d,1.004964\n", day.Format("060102"), file, []string{"2", "4", "4", "9", "10"}[i%5],
			day.Format("02/01/2006 15:04"), day.AddDate(0, 0, 7).Format("02/01/2006 15:04"), day.Add(time.Duration(i%5)*26*time.Hour).Format("02/01/2006 15:04:05"), file%9, file%400, file, file%100000)
	}
	return []byte(b.String())
}

const benchMapping = `{"code": {"column": "MA_HO_SO"}, "state": {"column": "TRANG_THAI"}, "received": {"column": "NGAY_TIEP_NHAN"}, "due": {"column": "NGAY_HEN_TRA"}, "at": {"column": "NGAY_CAP_NHAT"},
	"unit": {"column": "DON_VI"}, "officer": {"column": "CAN_BO"}, "applicant_name": {"column": "CHU_HO_SO"}, "applicant_phone": {"column": "DIEN_THOAI"}, "procedure": {"column": "MA_TTHC"}, "zone": "Asia/Ho_Chi_Minh"}`

// From the bytes of a CSV file to files on disk with their audit: one op is a
// file of 100,000 rows.
func BenchmarkImportCSV(b *testing.B) {
	dbs := map[string]*store.DB{"sqlite": storetest.SQLite(b, nil)}
	if os.Getenv("IOC_TEST_POSTGRES") != "" {
		dbs["postgres"] = storetest.Postgres(b, nil)
	}
	raw := benchCSV(100_000)
	for name, db := range dbs {
		b.Run(name, func(b *testing.B) {
			r := newRoom(b, db, nil)
			ctx, events := context.WithoutCancel(b.Context()), 0
			for n := 0; b.Loop(); n++ {
				sys, _, err := r.Create(ctx, dataAdmin, Draft{ID: fmt.Sprintf("tep-%d-%d", b.N, n), Name: "Tệp", Kind: KindFile, Mapping: toJSON(b, benchMapping)})
				if err != nil {
					b.Fatal(err)
				}
				out, err := r.Upload(ctx, dataAdmin, sys.ID, "a.csv", raw)
				if err != nil || out.New != 100_000 {
					b.Fatalf("%+v, %v", out, err)
				}
				events += out.New
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// Rows to events, without the store: one op is a page of 1,000 rows.
func BenchmarkMap(b *testing.B) {
	p := program1(b, benchMapping)
	doc, err := document(benchCSV(1000), "a.csv", p.m)
	if err != nil {
		b.Fatal(err)
	}
	now := local("2026-03-10 09:00")
	for b.Loop() {
		if ts, rejected, _ := p.read(System{ID: "mc"}, doc, now); len(ts) != 1000 || len(rejected) != 0 {
			b.Fatal(len(ts), rejected)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "rows/s")
}
