package mapping

import "openioc.org/ioc/internal/msg"

// catalogue describes every function of the language; the editor shows it and
// a test holds that each example compiles.
var catalogue = []struct {
	Function
	builtin bool
}{
	own("number", "number(x)", "đọc số, chấp nhận dấu phẩy thập phân; nil nếu không phải số", "reads a number, decimal comma allowed; nil if it is none", `number("7,21")`),
	own("text", "text(x)", "viết giá trị thành chữ", "writes a value as text", `text(code)`),
	own("time", "time(x, layout?, zone?)", "đọc thời gian: ISO 8601, dd/MM/yyyy HH:mm, epoch s hoặc ms, hoặc theo mẫu; không có múi giờ thì lấy múi giờ của ánh xạ", "reads a time: ISO 8601, dd/MM/yyyy HH:mm, epoch s or ms, or by a layout; without a zone the mapping's zone holds", `time(ts, "dd/MM/yyyy HH:mm")`),
	own("fold", "fold(x)", "chữ thường, bỏ dấu, đ thành d", "lower case, no tones, đ becomes d", `fold(name) contains "cau"`),
	own("field", "field(record, name)", "lấy trường theo tên, không phân biệt dấu và hoa thường", "takes a field by name, tones and case aside", `field(record, "muc nuoc")`),
	own("json", "json(text)", "đọc JSON nằm trong chuỗi", "reads JSON inside a text", `json(payload).level`),
	own("base64", "base64(text)", "giải base64 thành danh sách byte", "decodes base64 to a list of bytes", `base64(data)`),
	own("hex", "hex(text)", "giải chuỗi hex thành danh sách byte", "decodes hexadecimal to a list of bytes", `hex(frame)`),
	own("be", "be(bytes, from, size)", "số nguyên không dấu, byte cao trước", "unsigned integer, high byte first", `be(base64(data), 0, 2)`),
	own("le", "le(bytes, from, size)", "số nguyên không dấu, byte thấp trước", "unsigned integer, low byte first", `le(base64(data), 0, 2)`),
	own("signed", "signed(n, bits)", "đổi sang số có dấu (bù hai)", "two's complement of so many bits", `signed(be(base64(data), 0, 2), 16) / 100`),
	std("len", "len(x)", "độ dài của danh sách hay chuỗi", "length of a list or text", `len(values)`),
	std("filter", "filter(list, condition)", "giữ phần tử thoả điều kiện", "keeps what meets the condition", `filter(data, .depth != nil)`),
	std("map", "map(list, expression)", "biến đổi từng phần tử", "transforms each element", `map(data, .id)`),
	std("find", "find(list, condition)", "phần tử đầu tiên thoả điều kiện", "the first that meets the condition", `find(sensors, .type == "rain").value`),
	std("any", "any(list, condition)", "có phần tử nào thoả", "whether any meets it", `any(alarms, .on)`),
	std("all", "all(list, condition)", "mọi phần tử đều thoả", "whether all meet it", `all(alarms, .ok)`),
	std("none", "none(list, condition)", "không phần tử nào thoả", "whether none meets it", `none(alarms, .on)`),
	std("count", "count(list, condition)", "đếm phần tử thoả", "how many meet it", `count(tips, # == 1)`),
	std("sum", "sum(list)", "tổng", "sum", `sum(tips)`),
	std("mean", "mean(list)", "trung bình", "mean", `mean(levels)`),
	std("min", "min(a, b, …)", "nhỏ nhất", "least", `min(a, b)`),
	std("max", "max(a, b, …)", "lớn nhất", "greatest", `max(0, depth)`),
	std("abs", "abs(x)", "giá trị tuyệt đối", "absolute value", `abs(depth)`),
	std("round", "round(x)", "làm tròn", "rounds", `round(depth * 100) / 100`),
	std("floor", "floor(x)", "làm tròn xuống", "rounds down", `floor(depth)`),
	std("ceil", "ceil(x)", "làm tròn lên", "rounds up", `ceil(depth)`),
	std("int", "int(x)", "số nguyên", "integer", `int("42")`),
	std("float", "float(x)", "số thực", "floating point", `float("4.2")`),
	std("first", "first(list)", "phần tử đầu", "first element", `first(values)`),
	std("last", "last(list)", "phần tử cuối", "last element", `last(values)`),
	std("get", "get(x, key)", "lấy phần tử, nil nếu không có", "takes an element, nil if absent", `get(values, 0)`),
	std("keys", "keys(object)", "các khoá", "keys", `keys(record)`),
	std("values", "values(object)", "các giá trị", "values", `values(record)`),
	std("split", "split(text, by)", "cắt chuỗi", "cuts a text", `split(id, "-")[0]`),
	own("join", "join(list, by)", "nối chuỗi", "joins texts", `join(["a", "b"], "-")`),
	std("trim", "trim(text)", "bỏ khoảng trắng hai đầu", "takes white space off the ends", `trim(name)`),
	std("trimPrefix", "trimPrefix(text, prefix)", "bỏ tiền tố", "takes a prefix off", `trimPrefix(code, "DN_")`),
	std("trimSuffix", "trimSuffix(text, suffix)", "bỏ hậu tố", "takes a suffix off", `trimSuffix(file, ".txt")`),
	std("upper", "upper(text)", "chữ hoa", "upper case", `upper(code)`),
	std("lower", "lower(text)", "chữ thường", "lower case", `lower(code)`),
	own("replace", "replace(text, old, new)", "thay chuỗi", "replaces", `replace(level, " m", "")`),
	std("indexOf", "indexOf(text, part)", "vị trí", "position", `indexOf(code, "_")`),
	std("hasPrefix", "hasPrefix(text, prefix)", "bắt đầu bằng", "starts with", `hasPrefix(code, "43")`),
	std("hasSuffix", "hasSuffix(text, suffix)", "kết thúc bằng", "ends with", `hasSuffix(code, "R")`),
	std("bitand", "bitand(a, b)", "AND từng bit", "bitwise and", `bitand(status, 1)`),
	std("bitshr", "bitshr(n, bits)", "dịch phải", "shifts right", `bitshr(status, 4)`),
}

func own(name, signature, vi, en, example string) struct {
	Function
	builtin bool
} {
	return struct {
		Function
		builtin bool
	}{Function{Name: name, Signature: signature, Help: msg.Text{Vi: vi, En: en}, Example: example}, false}
}

func std(name, signature, vi, en, example string) struct {
	Function
	builtin bool
} {
	f := own(name, signature, vi, en, example)
	f.builtin = true
	return f
}
