package feed

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	mssql "github.com/microsoft/go-mssqldb"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

var (
	errLogin = fault.Define(fault.Invalid, "casefeed.login", "the database refuses this user name and password", "cơ sở dữ liệu không nhận tên đăng nhập và mật khẩu này")
	errNoDB  = fault.Define(fault.Invalid, "casefeed.no_database", "there is no such database, or the user may not open it", "không có cơ sở dữ liệu này hoặc người dùng không được mở")
	errRight = fault.Define(fault.Invalid, "casefeed.no_right", "the user may not read this: {detail}", "người dùng không có quyền đọc: {detail}")
	errSQL   = fault.Define(fault.Invalid, "casefeed.sql", "the database does not understand the query: {detail}", "cơ sở dữ liệu không hiểu câu truy vấn: {detail}")
	errTime  = fault.Define(fault.Unavailable, "casefeed.timeout", "the database did not answer within {limit}", "cơ sở dữ liệu không trả lời trong {limit}")
	errReach = fault.Define(fault.Unavailable, "casefeed.unreachable", "the database cannot be reached: {detail}", "không kết nối được cơ sở dữ liệu: {detail}")
	errTLS   = fault.Define(fault.Invalid, "casefeed.tls", "no encrypted connection: {detail}", "không lập được kết nối mã hoá: {detail}")
)

// open prepares the connection; nothing is dialled yet. Dialling goes through
// the guard, after the name was resolved.
func open(c *SQLConfig, guard *connector.Guard) (*sql.DB, error) {
	switch c.dialect() {
	case mySQL:
		return openMySQL(c, guard)
	case sqlServer:
		return openSQLServer(c, guard)
	}
	return openPostgres(c, guard)
}

func (c *SQLConfig) address(port int) string {
	if c.Port > 0 {
		port = c.Port
	}
	return net.JoinHostPort(strings.Trim(c.Host, "[]"), strconv.Itoa(port))
}

func openPostgres(c *SQLConfig, guard *connector.Guard) (*sql.DB, error) {
	mode := map[string]string{"verify": "verify-full", "require": "require", "off": "disable"}[c.TLS]
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(c.Username, c.Password.Reveal()), Host: c.address(5432), Path: "/" + c.Database,
		RawQuery: url.Values{"sslmode": {mode}, "connect_timeout": {"10"}, "application_name": {"openioc"}, "default_transaction_read_only": {"on"}}.Encode(),
	}
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, errReach.With("detail", "the address cannot be read") // its own message holds the address
	}
	cfg.DialFunc, cfg.Fallbacks = guard.DialContext, nil
	return stdlib.OpenDB(*cfg), nil
}

type silent struct{}

// Print drops what the driver would write to standard error.
func (silent) Print(...any) {}

func openMySQL(c *SQLConfig, guard *connector.Guard) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName = "tcp", c.address(3306), c.Username, c.Password.Reveal(), c.Database
	cfg.TLSConfig = map[string]string{"verify": "true", "require": "skip-verify", "off": "false"}[c.TLS]
	cfg.Params = map[string]string{"time_zone": "'+00:00'"} // TIMESTAMP columns then read as UTC
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = 10*time.Second, c.Timeout.Std()+5*time.Second, 10*time.Second
	cfg.MultiStatements, cfg.AllowAllFiles, cfg.AllowCleartextPasswords = false, false, false
	cfg.DialFunc, cfg.Logger = guard.DialContext, silent{}
	con, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(con), nil
}

// guarded dials for the SQL Server driver.
type guarded struct{ guard *connector.Guard }

// DialContext implements mssql.Dialer.
func (g guarded) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return g.guard.DialContext(ctx, network, address)
}

func openSQLServer(c *SQLConfig, guard *connector.Guard) (*sql.DB, error) {
	con, err := mssql.NewConnector(sqlServerDSN(c))
	if err != nil {
		return nil, errReach.With("detail", "the address cannot be read")
	}
	con.Dialer = guarded{guard}
	return sql.OpenDB(con), nil
}

func sqlServerDSN(c *SQLConfig) string {
	q := url.Values{"database": {c.Database}, "app name": {"openioc"}, "ApplicationIntent": {"ReadOnly"}, "dial timeout": {"10"}}
	switch c.TLS {
	case "off":
		q.Set("encrypt", "disable")
	case "require":
		q.Set("encrypt", "true")
		q.Set("TrustServerCertificate", "true")
	default:
		q.Set("encrypt", "true")
		q.Set("TrustServerCertificate", "false")
	}
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(c.Username, c.Password.Reveal()), Host: c.address(1433), RawQuery: q.Encode()}
	return u.String()
}

// explain turns what a driver says into a fault that names the field of the
// config that has to be mended. The password is in none of it, whatever the
// driver prints, and the cause is not kept for the log either.
func explain(c *SQLConfig, err error) error {
	if f, ok := fault.As(err); ok {
		if f.Code == "connector.address_refused" {
			return connector.NewConfigError().At("host", f)
		}
		return f
	}
	at := func(field string, f *fault.Error) error { return connector.NewConfigError().At(field, f) }
	detail := c.scrub(err.Error())
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		detail = c.scrub(pe.Message)
		switch {
		case strings.HasPrefix(pe.Code, "28"):
			return at("password", errLogin.With())
		case pe.Code == "3D000":
			return at("database", errNoDB.With())
		case pe.Code == "42501":
			return at("query", errRight.With("detail", detail))
		case pe.Code == "57014":
			return errTime.With("limit", c.Timeout.Std().String())
		case strings.HasPrefix(pe.Code, "42"), strings.HasPrefix(pe.Code, "22"), pe.Code == "25006", pe.Code == "0A000":
			return at("query", errSQL.With("detail", detail))
		}
		return errReach.With("detail", detail)
	}
	if me, ok := errors.AsType[*mysql.MySQLError](err); ok {
		detail = c.scrub(me.Message)
		switch me.Number {
		case 1045, 1698, 1251:
			return at("password", errLogin.With())
		case 1044, 1049:
			return at("database", errNoDB.With())
		case 1142, 1143, 1370:
			return at("query", errRight.With("detail", detail))
		case 1969, 3024, 1205:
			return errTime.With("limit", c.Timeout.Std().String())
		case 1040, 1053, 1152, 1927, 2006, 2013:
			return errReach.With("detail", detail)
		}
		return at("query", errSQL.With("detail", detail))
	}
	if se, ok := errors.AsType[mssql.Error](err); ok {
		detail = c.scrub(se.Message)
		switch se.Number {
		case 18456, 18452:
			return at("password", errLogin.With())
		case 4060, 911:
			return at("database", errNoDB.With())
		case 229, 230, 916:
			return at("query", errRight.With("detail", detail))
		case 1222:
			return errTime.With("limit", c.Timeout.Std().String())
		}
		return at("query", errSQL.With("detail", detail))
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errTime.With("limit", c.Timeout.Std().String())
	case errors.As(err, &dns):
		return at("host", errReach.With("detail", "no such host "+c.Host))
	case strings.Contains(detail, "tls") || strings.Contains(detail, "TLS") || strings.Contains(detail, "x509") || strings.Contains(detail, "SSL"):
		return at("tls", errTLS.With("detail", clip(detail)))
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return at("host", errReach.With("detail", c.scrub(op.Err.Error())))
	}
	return errReach.With("detail", detail)
}

// scrub shortens a driver's message and takes the password out, plain or
// escaped.
func (c *SQLConfig) scrub(s string) string {
	if p := c.Password.Reveal(); p != "" {
		for _, secret := range []string{p, url.QueryEscape(p), url.PathEscape(p), url.UserPassword("", p).String()[1:]} {
			s = strings.ReplaceAll(s, secret, connector.Hidden)
		}
	}
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "\uFFFD")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
