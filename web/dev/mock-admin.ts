// Invented answers for sources, dead letters and users.
export const routes: [string, (url: URL, match: string[], body: unknown) => unknown][] = [
  ['GET /api/v1/sources', () => ({ sources: [] })],
  ['GET /api/v1/dead-letters', () => ({ letters: [] })],
  ['GET /api/v1/users', () => ({ users: [] })],
]
