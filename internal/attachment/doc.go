// Package attachment keeps the photos and papers that people hang on alerts,
// incidents, tasks and duty notes.
//
// What a file is, its first bytes say, never its name: JPEG, PNG, WebP, PDF,
// MP4, DOCX, XLSX, plain text and CSV are taken, everything else is refused by
// the name of what it really is. Photos lose their EXIF, XMP and text on the
// way in, chunk by chunk, so that no pixel is encoded again; only the
// orientation stays, because without it they would lie on their side. Where
// the photo was taken is kept in the record, never in the file, and only when
// the sender asks (keep_position).
//
// A file waits for somebody to use it (Check inside a Write transaction); one
// that nobody used within a day is swept.
//
// Tables: attachment; files under attachment/<id>. Subjects:
// ioc.attachment.{added, swept}.<id>.
package attachment
