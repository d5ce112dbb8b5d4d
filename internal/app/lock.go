package app

import (
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb/fileutil"

	"openioc.org/ioc/internal/fault"
)

var errInUse = fault.Define(fault.Conflict, "app.data_in_use",
	"the data folder {dir} is in use by another running ioc; stop that one or give this one its own folder with --data",
	"thư mục dữ liệu {dir} đang được một ioc khác sử dụng; hãy dừng chương trình đó hoặc chọn thư mục khác bằng --data")

// lockFolder takes the data folder for this process alone. It must come
// before any engine opens its files: the event log, opened a second time,
// repairs and replaces files that the first process still writes to. The
// operating system lets go of the lock however the process ends.
func (a *App) lockFolder(dir string) error {
	lock, _, err := fileutil.Flock(filepath.Join(dir, "ioc.lock"))
	if err != nil {
		return errInUse.With("dir", dir).Because(err)
	}
	a.onStop("lock", lock.Release)
	return nil
}
