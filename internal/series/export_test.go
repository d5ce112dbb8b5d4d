package series

// Freeze stops compaction, so that the files can be copied as a killed
// process would leave them.
func (db *DB) Freeze() { db.tsdb.DisableCompactions() }
