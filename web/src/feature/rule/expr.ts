/**
 * caret is the stretch of text to underline for an error at a position counted
 * in characters from 1: the word that begins or lies there, at least one
 * character; the last one when the error is the end.
 */
export function caret(text: string, position: number | null | undefined): { from: number; to: number } | null {
  if (!position || position < 1) return null
  const chars = [...text]
  const i = Math.min(position - 1, Math.max(0, chars.length - 1))
  let to = i
  while (to < chars.length && /[\w:.]/.test(chars[to] as string)) to++
  const units = (n: number): number => chars.slice(0, n).join('').length
  return { from: units(i), to: units(Math.max(to, i + 1)) }
}
