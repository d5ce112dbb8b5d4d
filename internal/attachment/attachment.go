package attachment

import (
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/vi"
)

// MaxSize is the greatest file taken, in bytes.
const MaxSize = 25 << 20

const (
	mostPixels = 80_000_000 // of an image; a bomb declares more
	mostSide   = 16_384
	mostName   = 150 // runes
	mostAtOnce = 50  // ids of one Check
	keptUnused = 24 * time.Hour
)

// Position is where a photo says it was taken.
type Position struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// By is who uploaded a file.
type By struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// File describes an attachment.
type File struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Type     string    `json:"type" doc:"media type, found from the content"`
	Size     int64     `json:"size" doc:"bytes"`
	SHA256   string    `json:"sha256" doc:"of the file as it is kept, hexadecimal"`
	Width    int       `json:"width" doc:"pixels, 0 where it is no image"`
	Height   int       `json:"height"`
	Position *Position `json:"position" doc:"null unless the sender asked to keep it"`
	At       time.Time `json:"at"`
	By       By        `json:"by"`

	unit string
	used bool
}

var (
	errTooLarge = fault.Define(fault.TooLarge, "attachment.too_large", "the file is larger than {limit} MiB", "tệp lớn hơn {limit} MiB")
	errEmpty    = fault.Define(fault.Invalid, "attachment.empty", "the file is empty", "tệp rỗng")
	errType     = fault.Define(fault.Invalid, "attachment.type",
		"the file is {what}, which is not taken; send JPEG, PNG, WebP, PDF, MP4, DOCX, XLSX, TXT or CSV",
		"tệp này là {what}, không được nhận; chỉ nhận JPEG, PNG, WebP, PDF, MP4, DOCX, XLSX, TXT, CSV")
	errDamaged = fault.Define(fault.Invalid, "attachment.damaged", "the {what} is damaged and cannot be read", "tệp {what} bị hỏng, không đọc được")
	errPixels  = fault.Define(fault.Invalid, "attachment.pixels", "the image has {width} × {height} pixels; at most {limit} megapixels are taken", "ảnh có {width} × {height} điểm ảnh; tối đa {limit} megapixel")
	errUnknown = fault.Define(fault.Invalid, "attachment.unknown", "there is no attachment {id}; upload it again", "không có tệp đính kèm {id}; hãy tải lên lại")
	errMany    = fault.Define(fault.Invalid, "attachment.too_many", "at most {limit} files at once", "tối đa {limit} tệp mỗi lần")
	errMissing = fault.Define(fault.NotFound, "attachment.missing", "there is no such attachment", "không có tệp đính kèm này")
	errCut     = fault.Define(fault.Invalid, "attachment.cut", "the file ended before it was complete", "tệp gửi lên bị đứt giữa chừng")
	errBusy    = fault.Define(fault.TooMany, "attachment.busy", "too many uploads at once; try again in a moment", "đang có quá nhiều tệp gửi lên cùng lúc; hãy thử lại")
)

// cleanName makes a name that is safe to show and to save under: no folders,
// no control or direction-changing characters, and the ending of what the
// file really is.
func cleanName(name string, k *kind) string {
	name = vi.NFC(name)
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		case strings.ContainsRune(`/<>:"|?*;`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if name == "" {
		name = "tep"
	}
	ext := strings.ToLower(path.Ext(name))
	fits := false
	for _, e := range k.ext {
		fits = fits || e == ext
	}
	if !fits {
		name, ext = name+k.ext[0], k.ext[0]
	}
	if n := utf8.RuneCountInString(name); n > mostName {
		rs := []rune(name)
		name = string(rs[:mostName-len(ext)]) + ext
	}
	return name
}
