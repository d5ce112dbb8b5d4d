import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type UserConfig } from 'vite'
import { gzipAssets } from './scripts/gzip.mjs'

const backend = process.env['IOC_BACKEND'] ?? 'http://127.0.0.1:8080'
const proxied = ['/api', '/live', '/map/style', '/map/glyphs', '/map/sprite', '/map/data', '/map/city.pmtiles', '/sta/', '/prometheus', '/openapi.json']

// `vite` proxies to a running ioc, `vite --mode mock` answers the API itself.
export default defineConfig(async ({ mode }): Promise<UserConfig> => ({
  plugins: [vue(), tailwind(), gzipAssets(), ...(mode === 'mock' ? [(await import('./dev/server.ts')).mockServer()] : [])],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_I18N_FULL_INSTALL__: 'false', __VUE_I18N_LEGACY_API__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false' },
  // The Go program embeds dist; dist/index.html there is the committed
  // placeholder, the built UI goes one folder deeper.
  build: { outDir: 'dist/app', emptyOutDir: true, target: 'es2022', manifest: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 1200, modulePreload: { polyfill: false } },
  worker: { format: 'es' },
  // The Host stays the browser's: the server compares it with the Origin.
  server: { host: '127.0.0.1', ...(mode === 'mock' ? {} : { proxy: Object.fromEntries(proxied.map((p) => [p, { target: backend }])) }) },
}))
