package series

import (
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

// Meta describes one datastream to its readers.
type Meta struct {
	ID         string            // the datastream
	Metric     string            // the observed property, which is the PromQL metric name
	Labels     map[string]string // thing, name, unit_code, source …; not kept on disk
	Resolution float64           // the step of its values, fixed for ever; 0 stores floats as they are
	Rhythm     time.Duration     // how often a value is expected, 0 unknown
}

// Sample is one observation to store.
type Sample struct {
	ID       string
	T        int64 // phenomenon time, Unix ms
	V        float64
	Flags    sensing.Flags
	Received int64 // when we learned it, Unix ms
}

// Point is one observation read. Received is exact to the second when the
// observation came more than a minute after its time; otherwise it is T.
type Point struct {
	T        int64
	V        float64
	Flags    sensing.Flags
	Received int64
}

// Bucket sums up the points of one step of time that begins at T. Points with
// an unusable flag (sensing.Unusable) lend it their flags and nothing else;
// a bucket without usable points is left out.
type Bucket struct {
	T         int64
	N         int
	Min, Max  float64
	Sum, Last float64
	Flags     sensing.Flags // of all points together
}

// Correction replaces or excludes what was stored from From to To, both
// included (Unix ms). Where corrections overlap the later in the list holds.
type Correction struct {
	From, To int64
	Exclude  bool
	Value    float64
}

// Result says what became of a batch: Stored + Duplicate + Conflict +
// len(Rejected) is its length.
type Result struct {
	Stored    int
	Duplicate int // same instant, same value
	Conflict  int // same instant, another value: the first stays
	Rejected  []Rejected
}

// Rejected is a sample that was not stored, by its index in the batch.
type Rejected struct {
	Index int
	Err   error // a fault
}

// Stats describes the store.
type Stats struct {
	Series     int       // datastreams known
	Appended   uint64    // values stored since Open
	Samples    uint64    // samples in blocks, companions included
	HeadMin    time.Time // oldest and newest instant not yet in a block
	HeadMax    time.Time
	Blocks     int
	BlockBytes int64 // on disk, in blocks
	LogBytes   int64 // on disk, not yet in blocks
}

// Faults of samples and definitions.
var (
	ErrUnknown = fault.Define(fault.NotFound, "series.unknown_datastream",
		"datastream {id} is not known", "không có chuỗi đo {id}")
	ErrNotFinite = fault.Define(fault.Invalid, "series.value_not_finite",
		"the value is not a finite number", "giá trị không phải số hữu hạn")
	ErrTooOld = fault.Define(fault.Invalid, "series.too_old",
		"{time} is too old to be stored; the oldest instant taken is {oldest}",
		"{time} quá cũ, chỉ nhận từ {oldest}")
	ErrOutOfScale = fault.Define(fault.Invalid, "series.value_out_of_scale",
		"the value {value} is too great for the resolution {resolution}",
		"giá trị {value} quá lớn so với độ phân giải {resolution}")
	ErrResolution = fault.Define(fault.Invalid, "series.resolution",
		"a resolution of {resolution} cannot be kept: it must be positive with at most nine decimals",
		"không dùng được độ phân giải {resolution}: phải là số dương, tối đa chín chữ số thập phân")
	ErrResolutionFixed = fault.Define(fault.Conflict, "series.resolution_fixed",
		"datastream {id} has the resolution {have}, which cannot become {want}",
		"chuỗi đo {id} có độ phân giải {have}, không đổi thành {want} được")
	ErrClosed = fault.Define(fault.Unavailable, "series.closed",
		"the observation store is closed", "kho quan trắc đã đóng")
)
