package feed

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// The kinds of systems.
const (
	KindSQL  = "sql"
	KindREST = "rest"
	KindPush = "push"
	KindFile = "file"
)

// Kinds describes how a one-stop system can be connected.
var Kinds = []connector.Kind{
	{
		Name: KindSQL, Title: msg.Text{Vi: "Đọc cơ sở dữ liệu", En: "Read a database"},
		Summary: msg.Text{Vi: "Đọc định kỳ PostgreSQL, MySQL/MariaDB hoặc SQL Server bằng một câu SELECT, chỉ lấy phần mới.", En: "Reads PostgreSQL, MySQL/MariaDB or SQL Server on a schedule with one SELECT, new rows only."},
		Config:  func() any { c := sqlDefaults(); return &c },
		Sample:  json.RawMessage(`{"driver":"postgres","host":"10.0.0.5","database":"motcua","username":"ioc_doc","password":"","query":"select * from v_ho_so","watermark":"ngay_cap_nhat","key":"ma_ho_so"}`),
	},
	{
		Name: KindREST, Title: msg.Text{Vi: "Gọi API", En: "Call an API"},
		Summary: msg.Text{Vi: "Gọi API JSON theo trang, chỉ hỏi phần thay đổi từ lần trước.", En: "Calls a JSON API page by page and asks for what changed since the last time."},
		Config:  func() any { c := restDefaults(); return &c },
		Sample:  json.RawMessage(`{"url":"https://motcua.example.vn/api/hoso","since_param":"tuNgay","watermark":"NgayCapNhat","page_param":"trang"}`),
	},
	{
		Name: KindPush, Title: msg.Text{Vi: "Nhận bản tin", En: "Receive messages"},
		Summary: msg.Text{Vi: "Hệ thống một cửa gửi DongBoHoSoMC và CapNhatTienDoHoSoMC đến đây bằng token riêng.", En: "The one-stop system sends DongBoHoSoMC and CapNhatTienDoHoSoMC here with its own token."},
		Config:  func() any { return &PushConfig{} },
		Sample:  json.RawMessage(`{}`),
	},
	{
		Name: KindFile, Title: msg.Text{Vi: "Tệp CSV, XLSX", En: "CSV and XLSX files"},
		Summary: msg.Text{Vi: "Tải lên hoặc để vào thư mục được theo dõi.", En: "Uploaded, or left in a watched folder."},
		Config:  func() any { c := fileDefaults(); return &c },
		Sample:  json.RawMessage(`{"folder":"","pattern":"*.csv,*.xlsx"}`),
	},
}

func kindOf(name string) (connector.Kind, bool) {
	i := slices.IndexFunc(Kinds, func(k connector.Kind) bool { return k.Name == name })
	if i < 0 {
		return connector.Kind{}, false
	}
	return Kinds[i], true
}

// SQLConfig says which rows of which database are read.
type SQLConfig struct {
	Driver    string             `json:"driver" vi:"Loại cơ sở dữ liệu" en:"Database" enum:"postgres,mysql,sqlserver" required:"true"`
	Host      string             `json:"host" vi:"Máy chủ" en:"Host" required:"true"`
	Port      int                `json:"port,omitempty" vi:"Cổng" en:"Port" help_vi:"để trống: cổng thường dùng" help_en:"empty: the usual one"`
	Database  string             `json:"database" vi:"Tên cơ sở dữ liệu" en:"Database name" required:"true"`
	Username  string             `json:"username" vi:"Tên đăng nhập (chỉ có quyền đọc)" en:"User name (may only read)" required:"true"`
	Password  connector.Secret   `json:"password,omitempty" vi:"Mật khẩu" en:"Password"`
	TLS       string             `json:"tls" vi:"Mã hoá đường truyền" en:"Encryption" enum:"verify,require,off" help_vi:"verify: kiểm tra cả chứng thư" help_en:"verify: checks the certificate too"`
	Query     string             `json:"query" vi:"Một câu SELECT" en:"One SELECT" required:"true"`
	Watermark string             `json:"watermark,omitempty" vi:"Cột mốc thay đổi" en:"Column that grows with each change" help_vi:"ví dụ ngay_cap_nhat; để trống: đọc lại tất cả mỗi lần" help_en:"updated_at for example; empty: everything is read each time"`
	Key       string             `json:"key" vi:"Cột khoá" en:"Key column" help_vi:"phân biệt các dòng cùng mốc" help_en:"tells rows of one instant apart" required:"true"`
	PageRows  int                `json:"page_rows" vi:"Số dòng mỗi trang" en:"Rows per page" min:"10" max:"2000"`
	Timeout   connector.Duration `json:"timeout" vi:"Thời gian tối đa của một câu" en:"Longest time of a statement"`
}

func sqlDefaults() SQLConfig {
	return SQLConfig{TLS: "verify", PageRows: 1000, Timeout: connector.Duration(30 * time.Second)}
}

// RESTConfig says which API is asked.
type RESTConfig struct {
	URL           string                      `json:"url" vi:"Địa chỉ" en:"Address" required:"true"`
	Headers       map[string]string           `json:"headers,omitempty" vi:"Tiêu đề HTTP" en:"HTTP headers"`
	SecretHeaders map[string]connector.Secret `json:"secret_headers,omitempty" vi:"Tiêu đề HTTP bí mật" en:"Secret HTTP headers"`
	SecretQuery   map[string]connector.Secret `json:"secret_query,omitempty" vi:"Tham số bí mật" en:"Secret query parameters"`
	Username      string                      `json:"username,omitempty" vi:"Tên đăng nhập" en:"User name"`
	Password      connector.Secret            `json:"password,omitempty" vi:"Mật khẩu" en:"Password"`
	Bearer        connector.Secret            `json:"bearer,omitempty" vi:"Bearer token" en:"Bearer token"`
	Watermark     string                      `json:"watermark,omitempty" vi:"Trường mốc thay đổi" en:"Field that grows with each change" help_vi:"trường của bản ghi, ví dụ NgayCapNhat" help_en:"of the record, updated_at for example"`
	SinceParam    string                      `json:"since_param,omitempty" vi:"Tham số hỏi từ mốc" en:"Parameter that asks since the mark"`
	SinceFormat   string                      `json:"since_format,omitempty" vi:"Cách viết mốc" en:"How the mark is written" help_vi:"để trống: như nguồn gửi; yyyyMMddHHmmss, s, ms" help_en:"empty: as it came; yyyyMMddHHmmss, s, ms"`
	PageParam     string                      `json:"page_param,omitempty" vi:"Tham số trang" en:"Page parameter" help_vi:"để trống: một trang" help_en:"empty: one page"`
	PageStart     int                         `json:"page_start" vi:"Trang đầu" en:"First page"`
	MaxPages      int                         `json:"max_pages" vi:"Số trang tối đa mỗi lượt" en:"Most pages in a round" min:"1" max:"10000"`
	Timeout       connector.Duration          `json:"timeout" vi:"Chờ tối đa" en:"Timeout"`
	MaxBytes      int                         `json:"max_bytes" vi:"Kích thước tối đa của trang (byte)" en:"Largest page (bytes)" min:"1024" max:"16777216"`
}

func restDefaults() RESTConfig {
	return RESTConfig{MaxPages: 1000, PageStart: 1, Timeout: connector.Duration(30 * time.Second), MaxBytes: 8 << 20}
}

// PushConfig has nothing to set: the messages are the national ones.
type PushConfig struct{}

// FileConfig says which files are taken.
type FileConfig struct {
	Folder   string             `json:"folder,omitempty" vi:"Thư mục theo dõi" en:"Watched folder" help_vi:"để trống: thư mục riêng của hệ thống" help_en:"empty: the system's own drop folder"`
	Pattern  string             `json:"pattern" vi:"Tên tệp" en:"File names"`
	Settle   connector.Duration `json:"settle" vi:"Chờ tệp đứng yên" en:"Wait until still for" help_vi:"tệp đang ghi thì chưa đọc" help_en:"a file being written is left alone"`
	MaxBytes int                `json:"max_bytes" vi:"Kích thước tối đa (byte)" en:"Largest file (bytes)" min:"1024" max:"16777216"`
}

func fileDefaults() FileConfig {
	return FileConfig{Pattern: "*.csv,*.csv.gz,*.xlsx,*.json", Settle: connector.Duration(10 * time.Second), MaxBytes: 16 << 20}
}

var (
	errKind    = fault.Define(fault.Invalid, "casefeed.kind", "there is no kind of system {kind}; the nearest is {nearest}", "không có loại hệ thống {kind}; gần nhất là {nearest}")
	errInvalid = fault.Define(fault.Invalid, "casefeed.invalid", "the system is not valid", "hệ thống chưa hợp lệ")
)

// parseConfig reads and checks the config of a kind.
func parseConfig(kind string, raw json.RawMessage) (any, error) {
	k, ok := kindOf(kind)
	if !ok {
		var names []string
		for _, k := range Kinds {
			names = append(names, k.Name)
		}
		return nil, errInvalid.With().At("kind", errKind.With("kind", kind, "nearest", connector.Nearest(kind, names)))
	}
	c := k.Config()
	if err := connector.Parse(raw, c); err != nil {
		return nil, err
	}
	bad := connector.NewConfigError()
	switch c := c.(type) {
	case *SQLConfig:
		c.check(bad)
	case *RESTConfig:
		c.check(bad)
	case *FileConfig:
		c.check(bad)
	}
	return c, connector.OrNil(bad)
}

func (c *SQLConfig) dialect() dialect { return dialect(c.Driver) }

func (c *SQLConfig) check(bad *fault.Error) {
	for _, f := range []struct{ name, value string }{{"host", c.Host}, {"database", c.Database}, {"username", c.Username}, {"key", c.Key}} {
		if strings.TrimSpace(f.value) == "" {
			bad.At(f.name, connector.ErrMissing.With())
		}
	}
	if strings.ContainsAny(c.Host, "/\\@ ?") {
		bad.At("host", connector.ErrValue.With("value", c.Host, "want", "motcua-db.example.vn"))
	}
	if !c.dialect().known() {
		bad.At("driver", connector.ErrValue.With("value", c.Driver, "want", "postgres, mysql, sqlserver"))
	} else if _, f := checkSelect(c.Query, c.dialect()); f != nil {
		bad.At("query", f)
	}
	if c.Port < 0 || c.Port > 65535 {
		bad.At("port", connector.ErrValue.With("value", c.Port, "want", "1 … 65535"))
	}
	if !slices.Contains([]string{"verify", "require", "off"}, c.TLS) {
		bad.At("tls", connector.ErrValue.With("value", c.TLS, "want", "verify, require, off"))
	}
	if c.PageRows < 10 || c.PageRows > 2000 {
		bad.At("page_rows", connector.ErrValue.With("value", c.PageRows, "want", "10 … 2000"))
	}
	checkTimeout(bad, c.Timeout)
}

func checkTimeout(bad *fault.Error, d connector.Duration) {
	if d.Std() < time.Second || d.Std() > 10*time.Minute {
		bad.At("timeout", connector.ErrValue.With("value", d.Std().String(), "want", "1s … 10m"))
	}
}

func (c *RESTConfig) check(bad *fault.Error) {
	u, err := url.Parse(strings.TrimSpace(c.URL))
	switch {
	case c.URL == "":
		bad.At("url", connector.ErrMissing.With())
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		bad.At("url", connector.ErrValue.With("value", c.URL, "want", "https://…"))
	case u.User != nil:
		bad.At("url", connector.ErrUserInfo.With())
	}
	for name := range c.Headers {
		if h := http.CanonicalHeaderKey(name); h == "Authorization" || h == "Cookie" {
			bad.At("headers."+name, connector.ErrValue.With("value", name, "want", "secret_headers"))
		}
	}
	if c.MaxPages < 1 || c.MaxPages > 10000 {
		bad.At("max_pages", connector.ErrValue.With("value", c.MaxPages, "want", "1 … 10000"))
	}
	if c.MaxBytes < 1024 || c.MaxBytes > 16<<20 {
		bad.At("max_bytes", connector.ErrValue.With("value", c.MaxBytes, "want", "1024 … 16777216"))
	}
	if c.SinceParam != "" && c.Watermark == "" {
		bad.At("watermark", connector.ErrMissing.With())
	}
	checkTimeout(bad, c.Timeout)
}

func (c *FileConfig) patterns() []string {
	var out []string
	for p := range strings.SplitSeq(c.Pattern, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (c *FileConfig) check(bad *fault.Error) {
	for _, p := range c.patterns() {
		if _, err := path.Match(p, "x"); err != nil {
			bad.At("pattern", connector.ErrValue.With("value", p, "want", "*.csv"))
		}
	}
	if c.Settle.Std() < 0 || c.Settle.Std() > time.Hour {
		bad.At("settle", connector.ErrValue.With("value", c.Settle.Std().String(), "want", "0s … 1h"))
	}
	if c.MaxBytes < 1024 || c.MaxBytes > 16<<20 {
		bad.At("max_bytes", connector.ErrValue.With("value", c.MaxBytes, "want", "1024 … 16777216"))
	}
}
