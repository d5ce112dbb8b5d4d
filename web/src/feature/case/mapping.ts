// From columns to a mapping and back: pure.
import type { CaseMapping, ColumnRule } from '@/api/case'

/** MappingForm is what a person fills in: a field for each column, and the rare rest as lines. */
export interface MappingForm { columns: Record<string, string>; constants: string; exprs: string; zone: string; time_format: string; rest: CaseMapping }

export const emptyForm = (): MappingForm => ({ columns: {}, constants: '', exprs: '', zone: 'Asia/Ho_Chi_Minh', time_format: '', rest: {} })

/** pairs reads "name=value" lines; what has no sign is left aside. */
export function pairs(text: string): [string, string][] {
  return text.split('\n').flatMap((line): [string, string][] => {
    const i = line.indexOf('=')
    const name = line.slice(0, i).trim()
    const value = line.slice(i + 1).trim()
    return i > 0 && name && value ? [[name, value]] : []
  })
}

const lines = (list: [string, string][]): string => list.map(([a, b]) => `${a}=${b}`).join('\n')

/** toMapping makes the mapping that the server takes. */
export function toMapping(f: MappingForm): CaseMapping {
  const out: CaseMapping = { ...f.rest }
  for (const [column, field] of Object.entries(f.columns)) if (field) out[field] = { column } satisfies ColumnRule
  for (const [field, expr] of pairs(f.exprs)) out[field] = { expr } satisfies ColumnRule
  const constants = Object.fromEntries(pairs(f.constants))
  if (Object.keys(constants).length) out['constants'] = constants
  if (f.zone) out['zone'] = f.zone
  if (f.time_format) out['time_format'] = f.time_format
  return out
}

/** fromMapping reads one that is already in use; fields tells names of fields from the rest. */
export function fromMapping(m: CaseMapping | null, fields: string[]): MappingForm {
  const f = emptyForm()
  f.zone = ''
  const exprs: [string, string][] = []
  const known = new Set(fields)
  for (const [key, value] of Object.entries(m ?? {})) {
    const rule = value as ColumnRule & Record<string, string>
    if (known.has(key) && rule.column && !rule.format) f.columns[rule.column] = key
    else if (known.has(key) && rule.expr && !rule.format) exprs.push([key, rule.expr])
    else if (key === 'constants') f.constants = lines(Object.entries(rule))
    else if (key === 'zone') f.zone = String(value)
    else if (key === 'time_format') f.time_format = String(value)
    else f.rest[key] = value
  }
  f.exprs = lines(exprs)
  return f
}

/** twice are the fields that more than one column, or a column and an expression, would fill. */
export function twice(f: MappingForm): string[] {
  const all = [...Object.values(f.columns).filter(Boolean), ...pairs(f.exprs).map(([k]) => k), ...pairs(f.constants).map(([k]) => k)]
  return [...new Set(all.filter((k, i) => all.indexOf(k) !== i))]
}

/** suggest fills in what the names of the columns mean, where nobody has chosen and the field is free. */
export function suggest(f: MappingForm, columns: { name: string; suggestion: string }[]): MappingForm {
  const out = { ...f, columns: { ...f.columns } }
  const taken = new Set([...Object.values(out.columns), ...pairs(f.exprs).map(([k]) => k), ...pairs(f.constants).map(([k]) => k), ...Object.keys(f.rest)])
  for (const c of columns) {
    if (c.name in out.columns) continue
    const free = c.suggestion !== '' && !taken.has(c.suggestion)
    out.columns[c.name] = free ? c.suggestion : ''
    if (free) taken.add(c.suggestion)
  }
  return out
}
