import { defineConfig } from 'vitest/config'

// Measurements in Chromium; `npx vitest run --config vitest.bench.config.ts` after `make build`.
export default defineConfig({
  test: { environment: 'node', include: ['bench/**/*.bench.ts'], testTimeout: 600_000, hookTimeout: 240_000, maxWorkers: 1 },
})
