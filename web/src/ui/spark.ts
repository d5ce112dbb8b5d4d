/** sparkPath draws values into a box; a gap in the data is a gap in the line. */
export function sparkPath(values: (number | null)[], width: number, height: number): string {
  const known = values.filter((v): v is number => v !== null && Number.isFinite(v))
  if (known.length < 2) return ''
  const min = Math.min(...known)
  const max = Math.max(...known)
  const pad = 2
  const y = (v: number): number => (max === min ? height / 2 : height - pad - ((v - min) / (max - min)) * (height - 2 * pad))
  const x = (i: number): number => (i / (values.length - 1)) * width
  let out = ''
  let pen = false
  values.forEach((v, i) => {
    if (v === null || !Number.isFinite(v)) {
      pen = false
      return
    }
    out += `${pen ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`
    pen = true
  })
  return out
}
