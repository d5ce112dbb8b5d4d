package feed

import (
	"strings"
	"testing"
)

func TestCheckSelectTakes(t *testing.T) {
	for _, c := range []struct {
		d    dialect
		text string
	}{
		{postgres, `select * from ho_so`},
		{postgres, " \n select ma_ho_so, ngay_hen_tra from mc.ho_so where trang_thai <> 'xoá; drop table x' ;\n"},
		{postgres, `with d as (select * from a where note = '--') select d.* from d join b on b.id = d.id`},
		{postgres, `select substring(code from 1 for 4), "update", t.delete from t`},
		{postgres, `select j->>'a' as a, replace(b, 'x', ''), cast(c as date) from t where d @> '{}'`},
		{mySQL, "select `ngày hẹn trả`, left(a, 3) from `hồ sơ`"},
		{sqlServer, `select [ngày hẹn], [a]]b] from dbo.HoSo where x = N'it''s'`},
		{sqlServer, `with a as (select 1 as x) select x from a union all select 2`},
	} {
		_, f := checkSelect(c.text, c.d)
		if f != nil {
			t.Errorf("%s: %v", c.text, f)
		}
	}
}

func TestCheckSelectRefuses(t *testing.T) {
	for _, text := range []string{
		``, `;`, `delete from a`, `update a set x = 1`, `insert into a values (1)`, `drop table a`, `call p()`, `exec p`, `explain select 1`, `show tables`, `values (1)`, `table a`, `(select 1)`,
		`select 1; drop table a`, `select 1;; select 2`, `select 1 ; -- end`, `select 1 -- ; drop table a`, `select /* */ 1`, `select /*! 1; drop table a */ 1`, `select 1 # x`,
		`select * into b from a`, `select * from a for update`, `select * from a for share`, `select * from a for no key update`, `select * from a lock in share mode`,
		`with x as (delete from a returning *) select * from x`, `with x as (select 1) delete from a`, `with x as (select 1)`, `with x as (insert into a values (1) returning 1) select 1`,
		`select pg_sleep(10)`, `select pg_catalog.pg_sleep(10)`, `select "a" from b where sleep(5)`, `select benchmark(1, 2)`, `select load_file('/etc/passwd')`, `select * from openrowset('x')`,
		`select xp_cmdshell('dir')`, `select nextval('s')`, `select set_config('a', 'b', false)`, `select dblink_exec('x')`,
		`select 'a\' ; drop table b; select '`, `select $$ ; $$`, `select $1`, `select $a$ ; drop table b; $a$`, `select 'a`, `select "a`, `select (1`, `select 1)`,
		"select 1\x00", "select\u00a01", "select 1\u2028; drop table a", `select {fn now()}`,
	} {
		for _, d := range []dialect{postgres, mySQL, sqlServer} {
			if _, f := checkSelect(text, d); f == nil {
				t.Errorf("%s: %q is taken", d, text)
			}
		}
	}
	if _, f := checkSelect("select `a` from b where c = ?", mySQL); f == nil {
		t.Error("a placeholder is taken")
	}
	for _, d := range []dialect{mySQL, sqlServer} {
		if _, f := checkSelect("select @a, @@version", d); f == nil {
			t.Errorf("%s: a variable is taken", d)
		}
	}
	if _, f := checkSelect("select [a from b", sqlServer); f == nil {
		t.Error("an open bracket is taken")
	}
	if _, f := checkSelect("select 1, "+strings.Repeat("1,", maxQuery), postgres); f == nil || f.Code != "casefeed.query_long" {
		t.Error(f)
	}
	_, f := checkSelect("select ngày; drop table a", postgres)
	if f == nil || f.Code != "casefeed.query_many" || f.Args["position"] != 12 {
		t.Errorf("the position is counted in characters: %v %v", f, f.Args)
	}
}

// What cannot be tried on a server here, SQL Server, is held by its text.
func TestPages(t *testing.T) {
	plain, _ := checkSelect("select * from dbo.HoSo;", sqlServer)
	with, _ := checkSelect("with a as (select 1 as x) select x from a", sqlServer)
	for _, c := range []struct{ got, want string }{
		{sqlServer.page(plain, "NgàyCậpNhật", "Mã]Hồ", fromStart, 500),
			`select top (500) * from (select * from dbo.HoSo) as ioc_q where [NgàyCậpNhật] is not null order by [NgàyCậpNhật], [Mã]]Hồ]`},
		{sqlServer.page(plain, "w", "k", fromMark, 500), `select top (500) * from (select * from dbo.HoSo) as ioc_q where [w] >= @p1 order by [w], [k]`},
		{sqlServer.page(with, "w", "k", fromRow, 10),
			`with a as (select 1 as x), ioc_q as (select x from a) select top (10) * from ioc_q where ([w] > @p1 or [w] = @p2 and [k] > @p3) order by [w], [k]`},
		{sqlServer.sample(with, 20), `with a as (select 1 as x), ioc_q as (select x from a) select top (20) * from ioc_q`},
		{postgres.page(plain, "w", `k"`, fromRow, 10), `select * from (select * from dbo.HoSo) as ioc_q where ("w" > $1 or "w" = $2 and "k""" > $3) order by "w", "k""" limit 10`},
		{mySQL.page(plain, "w", "k`", fromMark, 10), "select * from (select * from dbo.HoSo) as ioc_q where `w` >= ? order by `w`, `k``` limit 10"},
		{mySQL.page(plain, "", "k", fromRow, 10), "select * from (select * from dbo.HoSo) as ioc_q where `k` > ? order by `k` limit 10"},
		{mySQL.page(plain, "", "k", fromStart, 10), "select * from (select * from dbo.HoSo) as ioc_q order by `k` limit 10"},
	} {
		if c.got != c.want {
			t.Errorf("\n%s\n%s", c.got, c.want)
		}
	}
	c := sqlDefaults()
	c.Driver, c.Host, c.Database, c.Username, c.Password = "sqlserver", "10.0.0.7", "MotCua", "ioc", "p@ss/word?"
	if got, want := sqlServerDSN(&c), "sqlserver://ioc:p%40ss%2Fword%3F@10.0.0.7:1433?ApplicationIntent=ReadOnly&TrustServerCertificate=false&app+name=openioc&database=MotCua&dial+timeout=10&encrypt=true"; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	db, err := openSQLServer(&c, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
}

func FuzzCheckSelect(f *testing.F) {
	for _, s := range []string{"select 1", "select 'a''b' from [x]", "with a as (select 1) select * from a;", "select `a`; drop", "select $$", "select \"a", "select 1 -- x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, d := range []dialect{postgres, mySQL, sqlServer} {
			q, bad := checkSelect(s, d)
			if bad != nil {
				if bad.Error() == "" {
					t.Error("a refusal without words")
				}
				continue
			}
			// What is taken is taken again, and pages of it are made.
			if again, bad := checkSelect(q.text, d); bad != nil || again != q {
				t.Errorf("%q is taken once only: %v", s, bad)
			}
			if p := d.page(q, "w", "k", fromRow, 10); !strings.Contains(p, "order by") {
				t.Error(p)
			}
		}
	})
}
