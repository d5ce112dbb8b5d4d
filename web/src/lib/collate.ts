// Order and search of Vietnamese words in the browser. The server has its own
// stored keys; this is for lists that are already here.

const collator = new Intl.Collator('vi', { numeric: true, sensitivity: 'variant' })

export const compare = (a: string, b: string): number => collator.compare(a, b)

/** fold is text for searching: lower case, no tones, đ as d. */
export function fold(s: string): string {
  return s.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().trim()
}

/** matches is true when every word of query begins or lies within text. */
export function matches(text: string, query: string): boolean {
  const t = fold(text)
  return fold(query).split(/\s+/).every((word) => t.includes(word))
}
