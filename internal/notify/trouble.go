package notify

import (
	"strings"

	"openioc.org/ioc/internal/msg"
)

// troubles are what this package itself says of a delivery that did not
// arrive. It is kept in English, as what servers answer mostly is, and said in
// the reader's language by Delivery.In.
const (
	troubleNoAnswer    = "no answer in time"
	troubleNoEmail     = "no e-mail address is known"
	troubleNoPhone     = "no phone number is known"
	troubleBadPhone    = "the phone number is not valid"
	troubleOff         = "the channel is switched off"
	troubleRemoved     = "the channel was removed"
	troubleInterrupted = "the test was interrupted"
	troubleNoBrowser   = "no browser takes pushes of this person any more"
	troubleInside      = "not a public address; an administrator can allow its range in the configuration"
	troubleAnswered    = "answered "
)

var troubles = map[string]string{
	troubleNoAnswer: "không trả lời kịp thời gian", troubleNoEmail: "chưa có địa chỉ thư điện tử", troubleNoPhone: "chưa có số điện thoại",
	troubleBadPhone: "số điện thoại không hợp lệ", troubleOff: "kênh đang tắt", troubleRemoved: "kênh đã bị xoá",
	troubleInterrupted: "lần thử bị gián đoạn", troubleInside: "không phải địa chỉ công cộng; quản trị viên có thể cho phép dải này trong cấu hình", troubleNoBrowser: "không còn trình duyệt nào nhận thông báo đẩy của người này",
}

// In says the delivery's trouble in a language, as far as it is ours; what a
// server answered stays as it is.
func (d Delivery) In(lang msg.Lang) Delivery {
	d.LastError = troubleIn(d.LastError, lang)
	return d
}

func troubleIn(trouble string, lang msg.Lang) string {
	if lang == msg.En {
		return trouble
	}
	if t, ours := troubles[trouble]; ours {
		return t
	}
	if rest, ours := strings.CutPrefix(trouble, troubleAnswered); ours {
		return "trả lời " + rest
	}
	return trouble
}
