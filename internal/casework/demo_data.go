package casework

// demoField is a field of made-up files.
type demoField struct {
	code, name string
	ward       bool // wards do it; else departments
	units      []string
	procedures []demoProcedure
}

type demoProcedure struct {
	name string
	days int
	per  int // how often, relative to the others
}

// demoFields are the fields and procedures of the demo. The names are those
// that people know; codes, terms and frequencies are made up.
var demoFields = []demoField{
	{"HT", "Hộ tịch", true, nil, []demoProcedure{
		{"Đăng ký khai sinh", 1, 30}, {"Đăng ký khai tử", 1, 12}, {"Đăng ký kết hôn", 3, 12}, {"Cấp bản sao trích lục hộ tịch", 1, 40},
		{"Cấp giấy xác nhận tình trạng hôn nhân", 3, 22}, {"Thay đổi, cải chính thông tin hộ tịch", 5, 10}, {"Đăng ký lại khai sinh", 5, 6}, {"Nhận cha, mẹ, con", 3, 2}}},
	{"CT", "Chứng thực", true, nil, []demoProcedure{
		{"Chứng thực bản sao từ bản chính", 1, 60}, {"Chứng thực chữ ký", 1, 25}, {"Chứng thực hợp đồng, giao dịch", 2, 12}, {"Chứng thực di chúc", 2, 1}}},
	{"BT", "Bảo trợ xã hội", true, nil, []demoProcedure{
		{"Trợ cấp xã hội hằng tháng", 10, 10}, {"Xác định mức độ khuyết tật", 25, 4}, {"Hỗ trợ chi phí mai táng", 5, 6}, {"Công nhận hộ nghèo, cận nghèo phát sinh", 15, 3}}},
	{"NC", "Người có công", true, nil, []demoProcedure{
		{"Hưởng trợ cấp thờ cúng liệt sĩ", 12, 2}, {"Cấp giấy xác nhận thân nhân người có công", 7, 2}, {"Hỗ trợ mai táng phí người có công", 12, 1}}},
	{"KD", "Hộ kinh doanh", true, nil, []demoProcedure{
		{"Đăng ký thành lập hộ kinh doanh", 3, 18}, {"Thay đổi nội dung đăng ký hộ kinh doanh", 3, 8}, {"Chấm dứt hoạt động hộ kinh doanh", 3, 6}, {"Tạm ngừng kinh doanh hộ kinh doanh", 3, 3}}},
	{"DD", "Đất đai", true, nil, []demoProcedure{
		{"Đăng ký biến động quyền sử dụng đất", 10, 14}, {"Cấp giấy chứng nhận quyền sử dụng đất lần đầu", 20, 6}, {"Tách thửa, hợp thửa đất", 15, 5}, {"Xác nhận tình trạng sử dụng đất", 7, 6},
		{"Chuyển mục đích sử dụng đất", 15, 3}, {"Đính chính giấy chứng nhận", 10, 2}}},
	{"XD", "Xây dựng", true, nil, []demoProcedure{
		{"Cấp giấy phép xây dựng nhà ở riêng lẻ", 15, 10}, {"Điều chỉnh giấy phép xây dựng", 15, 3}, {"Gia hạn giấy phép xây dựng", 5, 2}, {"Cấp giấy phép sửa chữa, cải tạo", 15, 3}}},
	{"GD", "Giáo dục và đào tạo", false, []string{"sgddt"}, []demoProcedure{
		{"Cấp bản sao văn bằng từ sổ gốc", 1, 14}, {"Chỉnh sửa nội dung văn bằng", 5, 3}, {"Cho phép trung tâm hoạt động giáo dục", 15, 2}, {"Chuyển trường học sinh trung học", 3, 6}}},
	{"YT", "Y tế", false, []string{"syt", "bqlattp"}, []demoProcedure{
		{"Cấp giấy phép hành nghề khám bệnh", 30, 5}, {"Cấp chứng chỉ hành nghề dược", 20, 5}, {"Cấp giấy chứng nhận an toàn thực phẩm", 15, 8}, {"Cấp giấy phép hoạt động phòng khám", 30, 2}}},
	{"MT", "Môi trường", false, []string{"snnmt", "bqlkcn"}, []demoProcedure{
		{"Cấp giấy phép môi trường", 30, 3}, {"Thẩm định báo cáo đánh giá tác động môi trường", 45, 1}, {"Cấp phép khai thác nước dưới đất", 30, 1}, {"Đăng ký môi trường", 10, 3}}},
	{"GT", "Giao thông vận tải", false, []string{"sxd"}, []demoProcedure{
		{"Đổi giấy phép lái xe", 5, 30}, {"Cấp phù hiệu xe hợp đồng", 2, 14}, {"Cấp giấy phép kinh doanh vận tải", 5, 5}, {"Cấp phép thi công trên đường bộ", 7, 3}, {"Cấp giấy phép liên vận", 2, 4}}},
	{"DN", "Doanh nghiệp, tư pháp", false, []string{"stc", "stp", "snv", "sct"}, []demoProcedure{
		{"Đăng ký thành lập công ty TNHH", 3, 12}, {"Thay đổi nội dung đăng ký doanh nghiệp", 3, 14}, {"Cấp phiếu lý lịch tư pháp", 10, 25}, {"Cấp giấy phép lao động cho người nước ngoài", 5, 5},
		{"Đăng ký hoạt động của văn phòng luật sư", 10, 1}, {"Xác nhận quốc tịch Việt Nam", 20, 1}, {"Công bố sản phẩm mỹ phẩm", 3, 2}, {"Cấp giấy phép bán lẻ rượu", 10, 2}}},
}

var (
	demoFamilies = []string{"Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Hoàng", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý", "Mai", "Trương"}
	demoMiddles  = []string{"Văn", "Thị", "Minh", "Thanh", "Quang", "Ngọc", "Thu", "Đức", "Hữu", "Xuân", "Kim", "Bảo"}
	demoGivens   = []string{"An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Hạnh", "Hùng", "Khánh", "Lan", "Linh", "Long", "Mai", "Nam", "Nga", "Phúc", "Quân", "Sơn", "Tâm", "Thảo", "Trang", "Tuấn", "Vy", "Yến"}
	demoAsks     = []string{"Thiếu bản sao giấy tờ tuỳ thân", "Tờ khai chưa ghi đủ thông tin", "Bổ sung sơ đồ vị trí thửa đất", "Bản vẽ chưa có chữ ký đơn vị thiết kế", "Thiếu giấy uỷ quyền", "Chờ thực hiện nghĩa vụ tài chính"}
	demoWhys     = []string{"Chờ ý kiến của cơ quan phối hợp", "Phải kiểm tra thực địa", "Hồ sơ tăng đột biến", "Lỗi hệ thống chuyên ngành"}
)
