// A Vite plugin that writes a .gz beside every text file of the build, so
// that the program serves compressed files without compressing.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const text = /\.(js|mjs|css|html|json|svg)$/

function walk(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? walk(path) : [path]
  })
}

export function gzipAssets() {
  let out = ''
  return {
    name: 'gzip-assets',
    apply: 'build',
    configResolved(config) {
      out = join(config.root, config.build.outDir)
    },
    closeBundle() {
      for (const path of walk(out)) {
        if (!text.test(path)) continue
        const raw = readFileSync(path)
        if (raw.length < 1024) continue
        writeFileSync(path + '.gz', gzipSync(raw, { level: 9 }))
      }
    },
  }
}
