/** download offers a blob as a file. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const a = document.createElement('a')
  a.href = url
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** csv writes rows with a BOM, so that spreadsheets read Vietnamese. */
export function csv(rows: (string | number | null)[][]): Blob {
  const cell = (v: string | number | null): string => {
    if (v === null) return ''
    const s = String(v)
    // A cell that starts like a formula is text to us; keep it text there too.
    const safe = typeof v === 'string' && /^[=+\-@\t\r]/.test(s) ? `'${s}` : s
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return new Blob(['\uFEFF', rows.map((r) => r.map(cell).join(',')).join('\r\n'), '\r\n'], { type: 'text/csv;charset=utf-8' })
}
