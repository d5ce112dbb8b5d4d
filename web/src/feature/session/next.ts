/** safeNext is where to go after signing in: addresses of ours only, "//evil" and "https:" are not. */
export const safeNext = (next: unknown): string => (typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/')
