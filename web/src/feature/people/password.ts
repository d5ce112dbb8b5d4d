// The rules of a password, and one that keeps them.

/** The rules of level 3 (TCVN 11930); the server holds those in force, this only shows how far one is. */
export const rules: { key: string; holds: (password: string, username: string) => boolean }[] = [
  { key: 'length', holds: (p) => [...p].length >= 12 },
  { key: 'lower', holds: (p) => /\p{Ll}/u.test(p) },
  { key: 'upper', holds: (p) => /\p{Lu}/u.test(p) },
  { key: 'digit', holds: (p) => /\p{Nd}/u.test(p) },
  { key: 'special', holds: (p) => /[^\p{L}\p{N}]/u.test(p) },
  { key: 'name', holds: (p, u) => p !== '' && (u === '' || !p.toLowerCase().includes(u.toLowerCase())) },
]

/** generate makes a password that keeps the rules, without letters that look alike. */
export function generate(random: (n: number) => Uint8Array = (n) => crypto.getRandomValues(new Uint8Array(n))): string {
  const sets = ['abcdefghjkmnpqrstuvwxyz', 'ABCDEFGHJKMNPQRSTUVWXYZ', '23456789', '-+=@#%']
  const bytes = random(32)
  const chars = Array.from({ length: 16 }, (_, i) => {
    const set = i < sets.length ? (sets[i] as string) : sets.slice(0, 3).join('')
    return set.charAt((bytes[i] as number) % set.length)
  })
  for (let i = chars.length - 1; i > 0; i--) {
    const j = (bytes[16 + i] as number) % (i + 1)
    ;[chars[i], chars[j]] = [chars[j] as string, chars[i] as string]
  }
  return chars.join('')
}
