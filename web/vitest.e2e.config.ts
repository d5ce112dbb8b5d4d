import { defineConfig } from 'vitest/config'

// Journeys on the real binary; `npm run e2e` after `make build`.
export default defineConfig({
  test: { environment: 'node', include: ['e2e/**/*.spec.ts'], testTimeout: 180_000, hookTimeout: 240_000, maxWorkers: 2 },
})
