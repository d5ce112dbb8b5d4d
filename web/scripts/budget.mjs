// Fails when what a visitor downloads before the first page appears weighs
// more than 120 kB gz, or when it holds the map or the charts.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/app/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))
const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
const entry = Object.values(manifest).find((chunk) => chunk.isEntry)

function closure(chunk, seen = new Set()) {
  if (seen.has(chunk.file)) return seen
  seen.add(chunk.file)
  for (const key of chunk.imports ?? []) closure(manifest[key], seen)
  return seen
}

// The page, and the words of the default language.
const words = Object.keys(manifest).find((key) => key === 'src/i18n/vi/index.ts')
const first = [...closure(manifest[words], closure(entry))]
let total = 0
for (const file of first) {
  const bytes = size(file)
  total += bytes
  console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB gz  first  ${file}`)
}
const rest = Object.values(manifest).filter((c) => c.file.endsWith('.js') && !first.includes(c.file))
for (const [file, bytes] of rest.map((c) => [c.file, size(c.file)]).sort((a, b) => b[1] - a[1])) {
  console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB gz         ${file}`)
}
console.log(`first chunk ${(total / 1000).toFixed(1)} kB gz, limit 120`)
const heavy = first.filter((file) => /maplibre|uplot|MapCanvas|TimeChart/i.test(file))
if (heavy.length) console.error(`in the first chunk by mistake: ${heavy.join(', ')}`)
if (total > 120_000 || heavy.length) process.exit(1)
