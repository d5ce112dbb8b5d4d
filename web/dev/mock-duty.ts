// Invented answers for the watch: roster, book, phone book, responsibilities.
import type { DutyNow, Handover, LogEntry, OnDuty, Post, Responsibility, Shift } from '../src/api/duty'
import type { Text } from '../src/api/types'
import { places } from './mock.ts'

const hour = 3_600_000
const iso = (t: number): string => new Date(t).toISOString()
const t2 = (vi: string, en: string): Text => ({ vi, en })
const people = ['Nguyễn Thị Trực', 'Trần Quốc Bảo', 'Phạm Minh Tuấn', 'Lê Thu Hà', 'Đặng Văn Long', 'Võ Ngọc Ánh', 'Huỳnh Đức Thịnh', 'Bùi Khánh Linh'].map((name, i) => ({ user: `u${i + 1}`, name, role: i < 2 ? 'ioc_leader' : 'duty', unit: 'ioc', unit_name: 'Trung tâm IOC', phone: `09${i}***${4567 + i * 13}`, email: `${'ntpqlabc'[i]}***@danang.gov.vn` }))
const wards = places.units.slice(0, 12).map((u, i) => ({ user: `w${i}`, name: ['Trương Công Định', 'Ngô Thị Mai', 'Phan Hữu Nghĩa', 'Đinh Xuân Sơn'][i % 4] ?? '', role: i % 2 ? 'unit' : 'unit_leader', unit: u.code, unit_name: `UBND ${u.full_name}`, phone: `093***${1200 + i * 71}`, email: `t***@${u.code}.danang.gov.vn` }))
const midnight = Math.floor((Date.now() + 7 * hour) / (24 * hour)) * 24 * hour - 7 * hour
const names = [t2('Ca sáng', 'Morning'), t2('Ca chiều', 'Afternoon'), t2('Ca đêm', 'Night')]
const on = (k: number): OnDuty[] => [0, 1, 2].map((j): OnDuty => { const p = people[(k * 2 + j) % people.length] ?? people[0]; return { user: p?.user ?? '', name: p?.name ?? '', post: (['lead', 'officer', 'on_call'] as Post[])[j] ?? 'officer', ...(k === 2 && j === 1 ? { substitute_for: 'u8', substitute_for_name: 'Bùi Khánh Linh', reason: 'Nghỉ ốm' } : {}) } })
let shifts: Shift[] = Array.from({ length: 60 }, (_, k) => ({ id: `s${k}`, from: iso(midnight + (6 + 8 * (k - 21)) * hour), to: iso(midnight + (14 + 8 * (k - 21)) * hour), name: names[k % 3] ?? t2('Ca', 'Shift'), people: k > 45 ? [] : on(k) }))
const current = (): Shift | undefined => shifts.find((s) => Date.parse(s.from) <= Date.now() && Date.now() < Date.parse(s.to))
const open = { alerts: 17, incidents: 3, tasks: 9 }
let handover: Handover | null = { id: 'h1', shift: 's20', shift_name: t2('Ca đêm', 'Night'), from: { id: 'u3', name: 'Phạm Minh Tuấn' }, notes: 'Mẹ Suốt còn ngập 35 cm, phường đã chốt chặn hai đầu. Trạm mưa Hồ Hố Cau mất tín hiệu từ 02:10, đã gọi Vrain. Chờ báo cáo của Hoà Khánh về 12 hộ ở kiệt 634.', open, at: iso(Date.now() - 25 * 60_000), accepted_at: null }
const lines: [string, string, string, string][] = [
  ['Cảnh báo CB-2026-000412', 'Ngập 35 cm tại Mẹ Suốt – Nguyễn Huy Tưởng, nước đang lên', 'Chuyển UBND P. Hoà Khánh, gọi trực ban phường', 'Phường đã chốt chặn hai đầu lúc 19:52'],
  ['Điện thoại 1022', 'Người dân báo cây ngã chắn một làn Bạch Đằng', 'Chuyển Công ty Cây xanh', 'Dọn xong 20:31'],
  ['Đài KTTV Trung Bộ', 'Bản tin 19:30: mưa 40–80 mm trong 3 giờ tới ở phía bắc thành phố', 'Báo lãnh đạo ca, nhắn các phường ven sông Cu Đê', ''],
  ['Trạm đo', 'Trạm mưa Hồ Hố Cau im lặng từ 02:10', 'Gọi đơn vị vận hành', 'Hẹn thay nguồn sáng mai'],
  ['Camera', 'Hầm chui Điện Biên Phủ thông suốt', '', 'Không có sự cố'],
  ['BCH PTDS', 'Yêu cầu cập nhật số hộ phải di dời lúc 21:00', 'Gửi biểu tổng hợp 6 phường', 'Đã nhận 20:58'],
]
let entries: LogEntry[] = Array.from({ length: 34 }, (_, i): LogEntry => { const [source, content, action, result] = lines[i % lines.length] as [string, string, string, string]; return { id: `l${34 - i}`, n: 1240 - i, time: iso(Date.now() - (i * 23 + 4) * 60_000), source, content, action, result, officer: { id: people[i % 3]?.user ?? '', name: people[i % 3]?.name ?? '' }, shift: 's21', corrects: i === 3 ? 'l29' : null, ...(i % 6 === 0 ? { alert: `a${i}`, alert_number: `CB-2026-000${412 - i}` } : {}) } })
let responsibilities: Responsibility[] = [
  { id: 'r1', service: 'flood', area: '', unit: 'pctt', unit_name: 'BCH Phòng thủ dân sự thành phố', from: '2025-07-01T00:00:00+07:00', to: null, note: 'Mức Khẩn cấp cả thành phố' },
  ...places.units.slice(0, 6).map((u, i) => ({ id: `r${i + 2}`, service: 'flood', area: u.code, unit: u.code, unit_name: `UBND ${u.full_name}`, from: '2025-07-01T00:00:00+07:00', to: null, note: '' })),
  { id: 'r8', service: 'source', area: '', unit: 'skhcn', unit_name: 'Sở Khoa học và Công nghệ', from: '2025-07-01T00:00:00+07:00', to: null, note: '' },
]
const agencies = [['pctt', 'BCH Phòng thủ dân sự thành phố', 'City civil-defence command'], ['skhcn', 'Sở Khoa học và Công nghệ', 'Department of Science and Technology'], ['sxd', 'Sở Xây dựng', 'Department of Construction'], ['thoatnuoc', 'Công ty Thoát nước và XLNT', 'Drainage company']] as const
const units = [...agencies.map(([code, name, name_en]) => ({ code, name, name_en, kind: 'agency', parent: '', valid_from: null, valid_to: null, successor: '' })), ...places.units.map((u) => ({ code: u.code, name: `UBND ${u.full_name}`, name_en: u.name_en, kind: u.kind, parent: '', valid_from: null, valid_to: null, successor: '' }))]

type Answer = (url: URL, match: string[], body: unknown) => unknown
export const routes: [string, Answer][] = [
  ['GET /api/v1/duty/now', (): DutyNow => { const s = current() ?? null; const next = shifts.find((x) => Date.parse(x.from) > Date.now()) ?? null; return { shift: s, on: s?.people ?? [], next, open, handover } }],
  ['GET /api/v1/duty/shifts', (url) => { const a = url.searchParams.get('from') ?? ''; const b = url.searchParams.get('to') ?? ''; return { shifts: shifts.filter((s) => Date.parse(s.to) > Date.parse(a) && Date.parse(s.from) < Date.parse(b)) } }],
  ['POST /api/v1/duty/plan', () => ({ created: 21 })],
  ['POST /api/v1/duty/shifts', (_u, _m, body) => { const s = { id: `n${shifts.length}`, name: t2('Ca tăng cường', 'Extra shift'), people: [], ...(body as object) } as unknown as Shift; shifts.push(s); return s }],
  ['PATCH /api/v1/duty/shifts/:id', (_u, [id], body) => { const s = shifts.find((x) => x.id === id); return s ? Object.assign(s, body) : null }],
  ['DELETE /api/v1/duty/shifts/:id', (_u, [id]) => { shifts = shifts.filter((s) => s.id !== id); return {} }],
  ['POST /api/v1/duty/shifts/:id/substitute', (_u, [id], body) => { const b = body as { user: string; for: string; reason: string }; const s = shifts.find((x) => x.id === id); if (!s) return null; s.people = (s.people ?? []).map((p) => (p.user === b.for ? { ...p, user: b.user, name: people.find((x) => x.user === b.user)?.name ?? '', substitute_for: b.for, substitute_for_name: p.name, reason: b.reason } : p)); return s }],
  ['GET /api/v1/duty/log', (url) => { const q = (url.searchParams.get('q') ?? '').toLowerCase(); const list = entries.filter((e) => JSON.stringify(e).toLowerCase().includes(q)); return { entries: list } }],
  ['POST /api/v1/duty/log', (_u, _m, body) => { const e = { id: `l${entries.length + 100}`, n: (entries[0]?.n ?? 0) + 1, time: iso(Date.now()), action: '', result: '', officer: { id: 'u1', name: 'Nguyễn Thị Trực' }, shift: 's21', corrects: null, ...(body as object) } as LogEntry; entries = [e, ...entries]; return e }],
  ['POST /api/v1/duty/handovers', (_u, _m, body) => { handover = { id: 'h2', shift: (body as { shift: string }).shift, notes: (body as { notes: string }).notes, open, at: iso(Date.now()), accepted_at: null, from: { id: 'u1', name: 'Nguyễn Thị Trực' } }; return handover }],
  ['POST /api/v1/duty/handovers/:id/accept', () => { const h = handover; handover = null; return { ...h, accepted_at: iso(Date.now()) } }],
  ['GET /api/v1/duty/handovers', () => ({ handovers: [{ id: 'h0', shift: 's19', shift_name: t2('Ca chiều', 'Afternoon'), from: { id: 'u2', name: 'Trần Quốc Bảo' }, to: { id: 'u3', name: 'Phạm Minh Tuấn' }, notes: 'Không có việc tồn.', open: { alerts: 2, incidents: 0, tasks: 1 }, at: iso(Date.now() - 9 * hour), accepted_at: iso(Date.now() - 8.9 * hour), accepted_by: { id: 'u3', name: 'Phạm Minh Tuấn' }, comment: '' }] })],
  ['GET /api/v1/duty/units', () => ({ units })],
  ['GET /api/v1/duty/people', () => ({ people: [...people, ...wards] })],
  ['GET /api/v1/duty/people/:user/contact', (_u, [user]) => ({ user, phone: '0905123456', email: 'truc.nguyen@danang.gov.vn' })],
  ['GET /api/v1/duty/responsibilities', () => ({ responsibilities })],
  ['PUT /api/v1/duty/responsibilities', (_u, _m, body) => { responsibilities = (body as { responsibilities: Responsibility[] }).responsibilities.map((r, i) => ({ ...r, id: r.id ?? `x${i}`, unit_name: units.find((u) => u.code === r.unit)?.name ?? r.unit })); return { responsibilities } }],
  ['GET /api/v1/duty/address', (url) => { const area = url.searchParams.get('area') ?? ''; const r = responsibilities.find((x) => x.area === area && x.service === url.searchParams.get('service')) ?? responsibilities[0]; return { unit: r?.unit, unit_name: r?.unit_name, to: wards.slice(0, 2).map((p, i) => ({ user: p.user, name: p.name, post: '', level: i + 1 })), why: t2(`${r?.unit_name} phụ trách mưa – ngập ở địa bàn này từ 01/07/2025.`, `${r?.unit_name} has been responsible for flooding here since 01/07/2025.`) } }],
]
