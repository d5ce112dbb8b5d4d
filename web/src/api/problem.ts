/** Problem is an error of the API (RFC 9457), worded for people by the server. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly requestId: string = '',
    readonly errors: FieldProblem[] = [],
  ) {
    super(detail || code)
  }

  /** at is what is wrong with the field of that path, "" if nothing. */
  at(path: string): string {
    return this.errors.find((e) => e.path === path || e.path === `body.${path}`)?.detail ?? ''
  }
}

export interface FieldProblem { path: string; code: string; detail: string }

/** problemOf reads a failed answer; what is no problem+json becomes one. */
export async function problemOf(res: Response): Promise<Problem> {
  try {
    const body = (await res.json()) as Partial<{ code: string; detail: string; title: string; request_id: string; errors: (Partial<FieldProblem> & { location?: string; message?: string })[] }>
    const errors = (body.errors ?? []).map((e) => ({ path: e.path ?? e.location ?? '', code: e.code ?? '', detail: e.detail ?? e.message ?? '' }))
    return new Problem(res.status, body.code ?? `http.${res.status}`, body.detail ?? body.title ?? '', body.request_id ?? '', errors)
  } catch {
    return new Problem(res.status, `http.${res.status}`, '')
  }
}
