// Colours for what CSS does not paint: canvas charts and the map.

/** token reads a colour token ("rain-3", "muted") of the current theme. */
export function token(name: string): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
  return value === '' ? fallback : value
}

const fallback = '#8da0bd'
