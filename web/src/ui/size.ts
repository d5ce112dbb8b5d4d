/** sizeOf splits a number of bytes into a number and its unit: 1,4 MB. */
export function sizeOf(bytes: number): { value: number; unit: string; digits: number } {
  if (bytes < 1024) return { value: bytes, unit: 'B', digits: 0 }
  if (bytes < 1024 * 1024) return { value: bytes / 1024, unit: 'kB', digits: 0 }
  return { value: bytes / (1024 * 1024), unit: 'MB', digits: 1 }
}
