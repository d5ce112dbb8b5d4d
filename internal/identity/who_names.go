package identity

import (
	"slices"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/msg"
)

// roleNames are what people call the roles.
var roleNames = map[access.Role]msg.Text{
	access.Admin:      {Vi: "Quản trị hệ thống", En: "System administrator"},
	access.Leader:     {Vi: "Lãnh đạo thành phố", En: "City leader"},
	access.IOCLeader:  {Vi: "Lãnh đạo IOC", En: "IOC leader"},
	access.Duty:       {Vi: "Trực ban IOC", En: "IOC duty officer"},
	access.UnitLeader: {Vi: "Lãnh đạo đơn vị", En: "Leader of a unit"},
	access.Unit:       {Vi: "Cán bộ đầu mối đơn vị", En: "Focal officer of a unit"},
	access.Officer:    {Vi: "Cán bộ một cửa, thụ lý hồ sơ", En: "Case officer"},
	access.Analyst:    {Vi: "Chuyên viên phân tích, giám sát", En: "Analyst"},
	access.Security:   {Vi: "An toàn thông tin", En: "Information security"},
	access.DataAdmin:  {Vi: "Quản trị dữ liệu", En: "Data administrator"},
	access.Citizen:    {Vi: "Công dân", En: "Citizen"},
}

// permissionNames say what each permission lets a person do.
var permissionNames = map[access.Permission]msg.Text{
	access.LayerView:       {Vi: "Xem bản đồ, chỉ tiêu, trạm đo", En: "See map layers, indicators and stations"},
	access.ObservationView: {Vi: "Xem số đo gốc", En: "See raw observations"},
	access.ObservationEdit: {Vi: "Sửa số đo", En: "Correct observations"},
	access.ExportData:      {Vi: "Xuất dữ liệu", En: "Export data"},
	access.CatalogEdit:     {Vi: "Sửa danh mục trạm, đại lượng", En: "Edit the catalogue of stations"},
	access.SourceView:      {Vi: "Xem nguồn dữ liệu", En: "See data sources"},
	access.SourceEdit:      {Vi: "Kết nối, ánh xạ nguồn dữ liệu", En: "Connect and map data sources"},
	access.UserView:        {Vi: "Xem người dùng và quyền", En: "See people and their rights"},
	access.UserEdit:        {Vi: "Tạo, sửa, khóa tài khoản", En: "Create, change and disable accounts"},
	access.AuditView:       {Vi: "Xem nhật ký kiểm toán", En: "See the audit trail"},
	access.AlertView:       {Vi: "Xem cảnh báo", En: "See alerts"},
	access.AlertHandle:     {Vi: "Tiếp nhận, xác minh, chuyển, đóng cảnh báo", En: "Acknowledge, verify, dispatch and close alerts"},
	access.AlertAnswer:     {Vi: "Trả lời cảnh báo chuyển đến đơn vị", En: "Answer alerts as the unit addressed"},
	access.AlertSilence:    {Vi: "Tạm lặng, gộp, ức chế cảnh báo", En: "Silence, group and inhibit alerts"},
	access.RuleView:        {Vi: "Xem luật cảnh báo", En: "See rules"},
	access.RuleEdit:        {Vi: "Soạn, chạy thử luật cảnh báo", En: "Draft and back-test rules"},
	access.RuleApprove:     {Vi: "Duyệt luật cảnh báo", En: "Approve rules"},
	access.IncidentView:    {Vi: "Xem sự cố", En: "See incidents"},
	access.IncidentHandle:  {Vi: "Mở, chỉ huy, đóng sự cố", En: "Open, lead and close incidents"},
	access.TaskAnswer:      {Vi: "Nhận, báo cáo nhiệm vụ của đơn vị", En: "Answer tasks as the unit charged"},
	access.DirectiveGive:   {Vi: "Ban hành chỉ đạo", En: "Give directives"},
	access.DutyView:        {Vi: "Xem lịch trực, danh bạ", En: "See the roster and the phone book"},
	access.DutyLog:         {Vi: "Ghi sổ trực ban, bàn giao ca", En: "Keep the duty book, hand over"},
	access.DutyEdit:        {Vi: "Xếp lịch trực, phân công phụ trách", En: "Plan the roster and responsibilities"},
	access.NotifyView:      {Vi: "Xem thông báo đã gửi", En: "See what was sent"},
	access.NotifyEdit:      {Vi: "Cấu hình kênh thông báo", En: "Configure channels of notice"},
	access.UnitView:        {Vi: "Xem cơ cấu đơn vị", En: "See the tree of units"},
	access.UnitEdit:        {Vi: "Nhập, sáp nhập, giải thể đơn vị", En: "Import, merge and dissolve units"},
	access.GrantEdit:       {Vi: "Giao và thu hồi quyền trong phạm vi của mình", En: "Give and take roles below one's own"},
	access.ViewAs:          {Vi: "Xem như người khác, đơn vị khác (chỉ đọc)", En: "View as somebody else, reading only"},
	access.TokenEdit:       {Vi: "Cấp khóa API cho hệ thống", En: "Make API tokens for systems"},
	access.CalendarEdit:    {Vi: "Sửa lịch làm việc", En: "Edit the working calendar"},
	access.PersonalView:    {Vi: "Xem dữ liệu cá nhân (có lý do, có ghi nhận)", En: "See personal data, with a reason, on record"},
	access.PersonalEdit:    {Vi: "Quản lý lưu giữ, xuất, xóa dữ liệu cá nhân", En: "Keep, export and erase personal data"},
	access.CaseView:        {Vi: "Xem hồ sơ thủ tục hành chính", En: "See administrative cases"},
	access.CaseEdit:        {Vi: "Ghi thư xin lỗi, kết quả số hóa", En: "Record apologies and digitized results"},
	access.CaseMap:         {Vi: "Ánh xạ đơn vị, cán bộ, trạng thái hồ sơ", En: "Map units, officers and states of cases"},
	access.CaseConnect:     {Vi: "Kết nối hệ thống một cửa", En: "Connect one-stop systems"},
	access.Ingest:          {Vi: "Gửi số đo (thiết bị)", En: "Send observations (devices)"},
}

// roleRows describe the roles of people, from the widest to the narrowest.
func roleRows() (out []roleRow) {
	table := access.RolePermissions()
	for _, r := range Assignable() {
		ps := append([]access.Permission{}, table[r]...)
		slices.Sort(ps)
		out = append(out, roleRow{Role: r, Name: roleNames[r], Permissions: ps, Ceiling: ceilingWord(access.RoleCeiling(r)), CityWide: access.CityWide(r),
			MayGive: append([]access.Role{}, mayGive[r]...), Delegable: slices.Contains(delegable, r)})
	}
	return out
}

// permissionRows describe the permissions that a role of people holds.
func permissionRows() (out []permissionRow) {
	for p, t := range permissionNames {
		if p != access.Ingest {
			out = append(out, permissionRow{p, t})
		}
	}
	slices.SortFunc(out, func(a, b permissionRow) int { return strings.Compare(string(a.Permission), string(b.Permission)) })
	return out
}
