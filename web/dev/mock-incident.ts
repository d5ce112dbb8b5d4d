// Invented answers for incidents, tasks, procedures and attachments: a night
// of flooding in which a good deal is late. Changes last until the restart.
import { readFileSync } from 'node:fs'
import type { Board, Entry, Incident, IncidentDetail, IncidentState, IncidentStepBody, Message, Person, Sop, SopStep, Standing, Task, TaskBody, TaskStepBody } from '../src/api/incident'

const minute = 60_000
const started = Date.now()
const iso = (t: number): string => new Date(t).toISOString()
const ago = (m: number): string => iso(started - m * minute)
const t2 = (vi: string, en: string): { vi: string; en: string } => ({ vi, en })
let serial = 100

const wards = readFileSync(new URL('../../internal/city/data/units.csv', import.meta.url), 'utf8').trim().split('\n').slice(1)
  .map((l) => l.match(/("([^"]|"")*"|[^,]*)(,|$)/g)?.map((c) => c.replace(/,$/, '').replace(/^"|"$/g, '')) ?? [])
const head = readFileSync(new URL('../../internal/city/data/units.csv', import.meta.url), 'utf8').split('\n')[0]?.split(',') ?? []
const cell = (row: string[], key: string): string => row[head.indexOf(key)] ?? ''
const units = [
  ...[['pccc', 'Phòng Cảnh sát PCCC và CNCH', 'Fire and Rescue Police'], ['pctt', 'Ban Chỉ huy Phòng thủ dân sự TP', 'City Civil Defence Command'], ['sxd', 'Sở Xây dựng', 'Department of Construction'], ['thoatnuoc', 'Công ty Thoát nước và XLNT', 'Drainage Company'], ['csgt', 'Phòng Cảnh sát giao thông', 'Traffic Police'], ['cayxanh', 'Công ty Công viên – Cây xanh', 'Parks and Trees Company'], ['evn', 'Công ty Điện lực Đà Nẵng', 'Da Nang Power Company']].map(([code = '', name = '', name_en = '']) => ({ code, name, name_en, kind: 'agency', parent: '', valid_from: '2025-07-01', valid_to: null, successor: '' })),
  ...wards.filter((r) => cell(r, 'valid_from') === '2025-07-01').map((r) => ({ code: cell(r, 'code'), name: cell(r, 'full_name'), name_en: cell(r, 'name_en'), kind: cell(r, 'kind'), parent: '', valid_from: '2025-07-01', valid_to: null, successor: '' })),
]
const nameOf = (code: string): string => units.find((u) => u.code === code)?.name ?? code
const ward = (name: string): string => units.find((u) => u.name.includes(name))?.code ?? units[8]?.code ?? ''
const place = (name: string): [number, number] => {
  const r = wards.find((x) => cell(x, 'valid_from') === '2025-07-01' && cell(x, 'full_name').includes(name))
  return r ? [Number(cell(r, 'lon')), Number(cell(r, 'lat'))] : [108.2, 16.05]
}

const duty: Person = { id: 'u2', name: 'Trần Minh Đức', unit: '', role: 'duty' }
const boss: Person = { id: 'u1', name: 'Lê Thị Hạnh', unit: '', role: 'leader' }
const focal: Person = { id: 'u5', name: 'Phạm Văn Lộc', unit: ward('Hải Châu'), role: 'unit' }
const me: Person = { id: 'u1', name: 'Nguyễn Thị Trực', unit: '', role: 'duty' }

const sops: Sop[] = [
  {
    id: 'flood-street', title: t2('Xử lý ngập đường phố', 'Street flooding'), service: 'flood', proof_to_close: true, version: 3, changed_at: ago(60 * 24 * 40), changed_by: boss,
    steps: [
      { title: t2('Xác minh độ sâu tại chỗ', 'Verify the depth on site'), text: t2('Gọi phường hoặc xem camera gần nhất, ghi độ sâu bằng cm.', 'Call the ward or look at the nearest camera; write the depth in cm.'), minutes: 10, role: 'ioc', proof: true },
      { title: t2('Cử lực lượng cắm biển, rào chắn', 'Send people to put up signs and barriers'), text: t2('Hai đầu đoạn ngập, ưu tiên hầm chui và nút giao.', 'At both ends; underpasses and junctions first.'), minutes: 20, role: 'unit', proof: true },
      { title: t2('Phân luồng giao thông', 'Divert traffic'), text: t2('Báo Cảnh sát giao thông, đăng lộ trình thay thế.', 'Tell the traffic police and publish the detour.'), minutes: 30, role: 'unit', proof: false },
      { title: t2('Vận hành trạm bơm, khơi thông cửa thu', 'Run the pumps, clear the inlets'), text: t2('Công ty Thoát nước báo lưu lượng bơm và số cửa thu đã khơi thông.', 'The drainage company reports pump flow and inlets cleared.'), minutes: 45, role: 'unit', proof: true },
      { title: t2('Thông báo người dân quanh điểm ngập', 'Tell the residents'), text: t2('Tin nhắn và loa phường, bằng tiếng Việt và tiếng Anh ở khu du lịch.', 'Text message and loudspeakers, in English too where tourists are.'), minutes: 60, role: 'ioc', proof: false },
      { title: t2('Chụp ảnh sau khi nước rút', 'Photograph after the water has gone'), text: t2('Cùng góc với ảnh trước, thấy rõ mặt đường.', 'From the same angle as before, with the road in view.'), minutes: 240, role: 'unit', proof: true },
    ],
  },
  {
    id: 'river-alarm', title: t2('Lũ vượt báo động', 'River above alarm'), service: 'flood', proof_to_close: false, version: 2, changed_at: ago(60 * 24 * 90), changed_by: boss,
    steps: [
      { title: t2('Đối chiếu bản tin Đài KTTV', 'Check against the hydromet bulletin'), text: t2('So mực nước trạm với bản tin gần nhất.', 'Compare the gauge with the last bulletin.'), minutes: 15, role: 'ioc', proof: false },
      { title: t2('Báo Ban Chỉ huy PTDS và các phường ven sông', 'Tell the command and the wards along the river'), text: t2('Gọi điện và ghi sổ trực ban.', 'By telephone, and into the duty book.'), minutes: 20, role: 'ioc', proof: false },
      { title: t2('Rà soát hộ dân vùng trũng', 'Check households in low areas'), text: t2('Phường báo số hộ cần sơ tán.', 'The ward reports how many must leave.'), minutes: 90, role: 'unit', proof: true },
      { title: t2('Mở điểm sơ tán', 'Open shelters'), text: t2('Báo sức chứa và người phụ trách.', 'Report capacity and who is in charge.'), minutes: 120, role: 'unit', proof: false },
    ],
  },
  { id: 'fallen-tree', title: t2('Cây ngã chắn đường', 'Fallen tree'), service: 'urban', proof_to_close: true, version: 1, changed_at: ago(60 * 24 * 12), changed_by: duty, steps: [{ title: t2('Rào chắn', 'Barriers'), text: t2('', ''), minutes: 15, role: 'unit', proof: false }, { title: t2('Cắt dọn', 'Clear it'), text: t2('', ''), minutes: 120, role: 'unit', proof: true }] },
]
const history = new Map<string, Sop[]>(sops.map((s) => [s.id, [s]]))

const photo = (id: string, name: string, minutes: number, stage: 'before' | 'after' | ''): IncidentDetail['files'] extends (infer T)[] | null ? T : never => ({ id, name, type: 'image/svg+xml', size: 1_480_000, sha256: '', width: 1200, height: 900, position: null, at: ago(minutes), by: { id: 'u5', name: 'Phạm Văn Lộc' }, stage })

interface Room extends IncidentDetail { steps: SopStep[]; messages: Message[]; timeline: Entry[] }
const rooms = new Map<string, Room>()
const tasks: Task[] = []

interface Seed { id: string; n: number; title: string; text?: string; ward: string; place: string; severity: 1 | 2 | 3 | 4; state: IncidentState; opened: number; sop?: string; done?: number; lead?: string; helping?: string[]; alerts: [string, 1 | 2 | 3 | 4, string][]; why?: string; ack?: number; dispatch?: number; clear?: number; estimated?: boolean; service?: string }
const seeds: Seed[] = [
  { id: 'i1', n: 112, title: 'Ngập sâu hầm chui Điện Biên Phủ và Mẹ Suốt', text: 'Nước tràn từ cống hộp, hai tháp báo ngập vượt 50 cm, xe máy chết máy hàng loạt.', ward: 'Liên Chiểu', place: 'Đường Mẹ Suốt – P. Liên Chiểu', severity: 4, state: 'open', opened: 96, sop: 'flood-street', done: 3, lead: ward('Liên Chiểu'), helping: ['thoatnuoc', 'csgt', 'pccc'], alerts: [['Ngập 55 cm, nước đang lên', 4, 'in_progress'], ['Ngập 40 cm hầm chui Điện Biên Phủ', 3, 'in_progress'], ['Mưa 112 mm trong 3 giờ, trạm Suối Đá', 3, 'acknowledged'], ['Phản ánh: xe máy chết máy trước số 24', 2, 'dispatched']], ack: 240, dispatch: 780 },
  { id: 'i2', n: 111, title: 'Sông Cẩm Lệ trên báo động 3', ward: 'Cẩm Lệ', place: 'Trạm Cẩm Lệ – sông Hàn', severity: 3, state: 'open', opened: 190, sop: 'river-alarm', done: 2, lead: 'pctt', helping: [ward('Cẩm Lệ'), ward('Hòa Xuân')], alerts: [['Mực nước 2,61 m, trên BĐ3 0,11 m', 3, 'in_progress'], ['Nước lên 34 cm/giờ', 3, 'verified']], ack: 310, dispatch: 1500, estimated: true },
  { id: 'i3', n: 110, title: 'Cây ngã chắn một làn Bạch Đằng', ward: 'Hải Châu', place: 'Bạch Đằng – P. Hải Châu', severity: 2, state: 'open', opened: 55, sop: 'fallen-tree', done: 1, lead: 'cayxanh', helping: ['csgt'], alerts: [['Cây ngã chắn một làn', 2, 'in_progress']], ack: 120, dispatch: 900, service: 'urban' },
  { id: 'i4', n: 109, title: 'Ngập khu dân cư Hòa Hiệp', ward: 'Hải Vân', place: 'Nguyễn Tất Thành nối dài', severity: 3, state: 'open', opened: 22, lead: '', alerts: [['Ngập 32 cm', 3, 'acknowledged'], ['Ngập 28 cm', 2, 'new']], ack: 180 },
  { id: 'i5', n: 113, title: 'Ngập chùm quanh nút giao Nguyễn Tri Phương', ward: 'Thanh Khê', place: 'Nguyễn Tri Phương – P. Thanh Khê', severity: 3, state: 'proposed', opened: 6, alerts: [['Ngập 41 cm', 3, 'new'], ['Ngập 33 cm', 3, 'new'], ['Phản ánh: nước vào nhà', 2, 'new']], why: '3 cảnh báo ngập trong 650 m, cách nhau 14 phút, cùng lĩnh vực mưa – ngập' },
  { id: 'i6', n: 114, title: 'Sạt lở taluy đèo Hải Vân', ward: 'Hải Vân', place: 'Quốc lộ 1A, Km 904', severity: 4, state: 'proposed', opened: 3, alerts: [['Camera: đất đá tràn mặt đường', 4, 'new'], ['Mưa 64 mm trong 1 giờ', 3, 'acknowledged']], why: 'Camera và trạm mưa cách 1,2 km báo trong 9 phút', service: 'traffic' },
  { id: 'i7', n: 105, title: 'Ngập đường Hà Huy Tập', ward: 'Thanh Khê', place: 'Hà Huy Tập – P. Thanh Khê', severity: 2, state: 'resolved', opened: 400, sop: 'flood-street', done: 5, lead: ward('Thanh Khê'), helping: ['thoatnuoc'], alerts: [['Ngập 24 cm', 2, 'done']], ack: 200, dispatch: 840, clear: 15_600 },
  { id: 'i8', n: 98, title: 'Mất điện khu vực An Hải', ward: 'An Hải', place: 'P. An Hải', severity: 2, state: 'closed', opened: 1600, lead: 'evn', alerts: [['Mất điện diện rộng', 2, 'closed']], ack: 190, dispatch: 1020, clear: 9_000, service: 'urban' },
]
const steps = (sop: Sop, done: number, opened: number): SopStep[] => (sop.steps ?? []).map((s, i) => ({
  n: i + 1, ...s, due_at: iso(started - (opened - s.minutes) * minute), state: i < done ? 'done' : 'open', at: i < done ? ago(opened - s.minutes * 0.8) : null,
  by: i < done ? (s.role === 'ioc' ? duty : focal) : null, comment: i === 0 && done > 0 ? 'Phường xác nhận 50–55 cm, dài khoảng 200 m.' : '', attachments: i < done && s.proof ? [photo(`p${opened}${i}`, 'hien-truong.jpg', opened - 12, 'before')] : [], late: i >= done && opened > s.minutes,
}))

for (const s of seeds) {
  const [lon, lat] = place(s.ward)
  const sop = sops.find((x) => x.id === s.sop)
  const at = s.opened
  const list = sop ? steps(sop, s.done ?? 0, at) : []
  const incident: Incident = {
    id: s.id, number: `SC-2026-0${s.n}`, version: 4, title: s.title, text: s.text ?? '', service: s.service ?? 'flood', severity: s.severity, state: s.state,
    lon, lat, place: s.place, area: ward(s.ward), area_name: nameOf(ward(s.ward)), lead_unit: s.lead ?? '', lead_unit_name: s.lead ? nameOf(s.lead) : '', helping_units: (s.helping ?? []).map((code) => ({ code, name: nameOf(code) })),
    alerts: s.alerts.map(([title, severity, state], i) => ({ id: `${s.id}a${i}`, number: `CB-2026-00${s.n}${i}`, title: t2(title, title), severity, state, since: ago(at + 6 - i * 3), place: s.place, lon: lon + 0.006 * (i - 1), lat: lat + 0.004 * ((i * 7) % 3 - 1) })),
    sop: s.sop ?? '', sop_title: sop?.title ?? null, sop_done: list.filter((x) => x.state !== 'open').length, sop_total: list.length, sop_late: list.filter((x) => x.late).length, tasks_open: 0, tasks_total: 0, tasks_late: 0,
    opened_at: ago(at), opened_by: s.state === 'proposed' ? null : duty, acknowledged_at: s.ack ? iso(started - at * minute + s.ack * 1000) : null, dispatched_at: s.dispatch ? iso(started - at * minute + s.dispatch * 1000) : null,
    cleared_at: s.clear ? iso(started - at * minute + s.clear * 1000) : null, closed_at: s.state === 'closed' ? ago(at - 200) : null, seconds_to_acknowledge: s.ack ?? null, seconds_to_dispatch: s.dispatch ?? null, seconds_to_clear: s.clear ?? null,
    merged_into: '', proof_required: sop?.proof_to_close ?? false, proposal_why: s.why ? t2(s.why, s.why) : null, messages: 0, attachments: 0, estimated: s.estimated ?? false,
  }
  const timeline: Entry[] = s.state === 'proposed' ? [{ id: `${s.id}e0`, at: ago(at), actor: null, step: 'propose', comment: s.why ?? '', data: null }] : [
    { id: `${s.id}e0`, at: ago(at), actor: null, step: 'propose', comment: '4 cảnh báo cùng loại trong 800 m, cách nhau 12 phút', data: null },
    { id: `${s.id}e1`, at: ago(at - 4), actor: duty, step: 'confirm', comment: '', data: null },
    ...(s.lead ? [{ id: `${s.id}e2`, at: ago(at - 13), actor: duty, step: 'lead', comment: `Chủ trì: ${nameOf(s.lead)}`, data: null }] : []),
    ...(list.filter((x) => x.state === 'done').map((x) => ({ id: `${s.id}s${x.n}`, at: x.at ?? '', actor: x.by, step: 'sop', comment: x.title.vi, data: { n: x.n, state: 'done' } }))),
    ...(s.clear ? [{ id: `${s.id}e4`, at: ago(at - s.clear / 60), actor: duty, step: 'resolve', comment: 'Nước đã rút, giao thông bình thường.', data: null }] : []),
    ...(s.state === 'closed' ? [{ id: `${s.id}e5`, at: ago(at - 200), actor: duty, step: 'close', comment: '', data: null }] : []),
  ]
  const messages: Message[] = s.id === 'i1' ? [
    { id: 'm1', at: ago(88), by: focal, text: 'Nước tràn từ cống hộp phía chợ, ngập khoảng 200 m. Đang cắm biển hai đầu.', attachments: [photo('ph1', 'me-suot-1.jpg', 88, 'before')] },
    { id: 'm2', at: ago(74), by: { id: 'u7', name: 'Hoàng Anh Tuấn', unit: 'thoatnuoc', role: 'unit' }, text: 'Trạm bơm Hòa Phú đã chạy 2/3 tổ, tổ 3 chờ điện.', attachments: [] },
    { id: 'm3', at: ago(41), by: duty, text: 'Đề nghị Điện lực ưu tiên cấp lại cho trạm bơm Hòa Phú.', attachments: [] },
    { id: 'm4', at: ago(12), by: boss, text: 'Báo cáo lại trước 21 giờ, có ảnh.', attachments: [] },
  ] : []
  rooms.set(s.id, { incident, tasks: [], steps: list, messages, files: s.id === 'i1' ? [photo('ph1', 'me-suot-1.jpg', 88, 'before'), photo('ph2', 'ham-chui.jpg', 80, 'before'), photo('ph3', 'bien-bao.jpg', 52, ''), photo('ph4', 'da-rao-chan.jpg', 30, 'after')] : [], timeline, allowed: [] })
}

interface TaskSeed { incident?: string; kind?: 'task' | 'directive'; title: string; text?: string; unit: string; given: number; due: number; state: Task['state']; percent?: number; extension?: number; proof?: boolean; indicator?: string }
const hc = ward('Hải Châu')
const taskSeeds: TaskSeed[] = [
  { incident: 'i1', title: 'Cắm biển, rào chắn hai đầu đoạn ngập Mẹ Suốt', unit: ward('Liên Chiểu'), given: 82, due: 52, state: 'finished', percent: 100, proof: true },
  { incident: 'i1', title: 'Chạy đủ 3 tổ bơm trạm Hòa Phú', text: 'Báo lưu lượng mỗi 30 phút.', unit: 'thoatnuoc', given: 80, due: -25, state: 'in_progress', percent: 60, extension: -85 },
  { incident: 'i1', title: 'Phân luồng Tôn Đức Thắng – Hoàng Văn Thái', unit: 'csgt', given: 78, due: 18, state: 'in_progress', percent: 30 },
  { incident: 'i1', title: 'Cấp lại điện ưu tiên cho trạm bơm', unit: 'evn', given: 40, due: -20, state: 'sent' },
  { incident: 'i2', title: 'Rà soát hộ dân vùng trũng Hòa Xuân', unit: ward('Hòa Xuân'), given: 160, due: -8, state: 'accepted', proof: true },
  { incident: 'i2', title: 'Mở điểm sơ tán Trường THPT Hòa Vang', unit: ward('Cẩm Lệ'), given: 150, due: 30, state: 'returned' },
  { incident: 'i3', title: 'Cắt dọn cây ngã', unit: 'cayxanh', given: 45, due: -60, state: 'in_progress', percent: 50, proof: true },
  { kind: 'directive', title: 'Kiểm tra toàn bộ hầm chui, báo cáo trước 21 giờ', text: 'Báo số hầm đã kiểm tra, số hầm phải rào chắn, kiến nghị.', unit: 'sxd', given: 120, due: -95, state: 'in_progress', percent: 40 },
  { kind: 'directive', title: 'Trực 100 % quân số đến hết đợt mưa', unit: 'pctt', given: 300, due: -600, state: 'accepted' },
  { kind: 'directive', title: 'Thống kê thiệt hại ban đầu', unit: ward('Liên Chiểu'), given: 200, due: 40, state: 'in_progress', percent: 70 },
  { kind: 'directive', title: 'Thống kê thiệt hại ban đầu', unit: ward('Cẩm Lệ'), given: 200, due: 40, state: 'finished', percent: 100 },
  { kind: 'directive', title: 'Thống kê thiệt hại ban đầu', unit: hc, given: 200, due: 40, state: 'sent' },
  { kind: 'directive', title: 'Giải trình tỷ lệ trạm mất tín hiệu tăng', unit: 'sxd', given: 60, due: -1400, state: 'sent', indicator: 'sources.completeness' },
  { kind: 'directive', title: 'Bố trí xe cứu hộ tại nút giao ngã ba Huế', unit: 'pccc', given: 500, due: 200, state: 'confirmed', percent: 100 },
  { kind: 'directive', title: 'Rà soát cây nguy hiểm trên đường Bạch Đằng', unit: 'cayxanh', given: 900, due: 400, state: 'confirmed', percent: 100 },
  ...['Khơi thông cửa thu nước đường Hùng Vương', 'Kiểm tra hồ điều tiết Thạc Gián', 'Sơ tán hộ dân kiệt 84 Ông Ích Khiêm', 'Phản ánh nước thải tràn đường Lý Thái Tổ', 'Cắm biển cảnh báo hầm chui Nguyễn Văn Linh', 'Hỗ trợ xe chết máy trước chợ Cồn', 'Dọn rác cửa thu Quang Trung', 'Báo cáo nhanh tình hình ngập trên địa bàn', 'Kiểm tra tầng hầm chung cư 12 Lê Duẩn', 'Bố trí điểm trực Đoàn thanh niên', 'Rà soát hộ neo đơn khu vực trũng', 'Chụp ảnh hiện trường sau ngập Lê Lợi'].map((title, i): TaskSeed => ({ title, unit: hc, given: 400 - i * 20, due: 240 - i * 22, state: i % 4 === 0 ? 'sent' : i % 4 === 1 ? 'accepted' : 'in_progress', percent: i % 4 > 1 ? 20 + i * 5 : 0, proof: i % 3 === 0, ...(i % 5 === 0 ? { kind: 'directive' } : {}) })),
  { title: 'Thông báo loa phường tuyến Hải Phòng', unit: hc, given: 30, due: -15, state: 'accepted' },
  { title: 'Kiểm tra máy phát dự phòng UBND phường', unit: hc, given: 20, due: -240, state: 'sent' },
]
const standing = (t: Task): Standing => {
  if (t.state === 'confirmed' || t.state === 'cancelled') return 'done'
  if (t.state === 'finished' || t.state === 'returned') return 'waiting'
  const left = Date.parse(t.due) - Date.now()
  return left < 0 ? 'late' : left < 30 * minute ? 'due_soon' : 'on_time'
}
const stories = new Map<string, Entry[]>()
taskSeeds.forEach((s, i) => {
  const room = s.incident ? rooms.get(s.incident) : undefined
  const t: Task = {
    id: `t${i + 1}`, number: `${s.kind === 'directive' ? 'CĐ' : 'NV'}-2026-0${230 + i}`, kind: s.kind ?? 'task', version: 2, incident: s.incident ?? '', incident_number: room?.incident.number ?? '', alert: '', indicator: s.indicator ?? '',
    title: s.title, text: s.text ?? '', unit: s.unit, unit_name: nameOf(s.unit), assignee: s.state === 'sent' ? '' : 'Phạm Văn Lộc', state: s.state, due: ago(s.due), original_due: ago(s.due), percent: s.percent ?? 0, proof_required: s.proof ?? false,
    lon: room?.incident.lon ?? null, lat: room?.incident.lat ?? null, place: room?.incident.place ?? '', link: s.indicator ? '/sources' : '', given_by: s.kind === 'directive' ? boss : duty, given_at: ago(s.given), accepted_at: s.state === 'sent' ? null : ago(s.given - 6), finished_at: ['finished', 'confirmed'].includes(s.state) ? ago(s.due + 5) : null, confirmed_at: s.state === 'confirmed' ? ago(s.due - 20) : null,
    standing: 'on_time', extension: s.extension ? { until: ago(s.extension), reason: 'Tổ bơm 3 chờ điện, cần thêm 60 phút', by: focal, at: ago(9) } : null, attachments: s.state === 'finished' ? [photo(`tp${i}`, 'da-hoan-thanh.jpg', 10, 'after')] : [],
  }
  tasks.push(t)
  stories.set(t.id, [
    { id: `${t.id}e1`, at: t.given_at, actor: t.given_by, step: 'give', comment: '', data: null },
    ...(t.accepted_at ? [{ id: `${t.id}e2`, at: t.accepted_at, actor: focal, step: 'accept', comment: '', data: null }] : []),
    ...(s.percent ? [{ id: `${t.id}e3`, at: ago(s.given - 20), actor: focal, step: 'progress', comment: 'Đang triển khai, có mặt tại hiện trường.', data: { percent: s.percent } }] : []),
    ...(s.extension ? [{ id: `${t.id}e4`, at: ago(9), actor: focal, step: 'extend', comment: 'Tổ bơm 3 chờ điện, cần thêm 60 phút', data: { until: ago(s.extension) } }] : []),
    ...(s.state === 'returned' ? [{ id: `${t.id}e5`, at: ago(30), actor: focal, step: 'return', comment: 'Trường đang dùng làm điểm thi, đề nghị chuyển sang nhà văn hoá.', data: null }] : []),
    ...(t.finished_at ? [{ id: `${t.id}e6`, at: t.finished_at, actor: focal, step: 'finish', comment: 'Đã xong, có ảnh.', attachments: t.attachments, data: null }] : []),
  ])
})

const shown = (t: Task): Task => ({ ...t, standing: standing(t) })
function counted(r: Room): Incident {
  const own = tasks.filter((t) => t.incident === r.incident.id)
  const open = own.filter((t) => !['confirmed', 'cancelled'].includes(t.state))
  return { ...r.incident, tasks_total: own.length, tasks_open: open.length, tasks_late: open.filter((t) => standing(t) === 'late').length, sop_total: r.steps.length, sop_done: r.steps.filter((s) => s.state !== 'open').length, messages: r.messages.length, attachments: r.files?.length ?? 0 }
}
const allowed: Record<IncidentState, IncidentDetail['allowed']> = {
  proposed: ['confirm', 'dismiss', 'edit', 'severity', 'add_alerts', 'remove_alerts', 'merge'], open: ['lead', 'resolve', 'severity', 'edit', 'add_alerts', 'remove_alerts', 'merge', 'split'],
  resolved: ['close', 'reopen', 'edit', 'merge'], closed: ['reopen'], merged: [], dismissed: ['reopen'],
}
function detail(r: Room): IncidentDetail {
  return { ...r, incident: counted(r), tasks: tasks.filter((t) => t.incident === r.incident.id).map(shown), timeline: [...r.timeline].sort((a, b) => b.at.localeCompare(a.at)), allowed: allowed[r.incident.state] }
}
const seen = (text: string, q: string): boolean => fold(text).includes(fold(q))
const fold = (s: string): string => s.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(/[đĐ]/g, 'd').toLowerCase()
const fail = (status: number, code: string, text: string, errors: { path: string; code: string; detail: string }[] = []): unknown => ({ problem: { status, code, detail: text, errors } })

function incidentStep(r: Room, b: IncidentStepBody): unknown {
  const i = r.incident
  if (b.version !== i.version) return fail(409, 'incident.changed', 'Trần Minh Đức vừa đổi đơn vị chủ trì lúc 19:41.')
  const note = (comment = b.comment ?? ''): void => void r.timeline.push({ id: `e${++serial}`, at: iso(Date.now()), actor: me, step: b.step, comment, data: null })
  if (b.step === 'close') {
    const open = tasks.filter((t) => t.incident === i.id && !['confirmed', 'cancelled'].includes(t.state))
    if (i.proof_required && !(b.attachments?.length ?? 0) && r.steps.some((s) => s.proof && !s.attachments?.length)) return fail(422, 'incident.proof_missing', 'Còn thiếu ảnh minh chứng: bước 6 “Chụp ảnh sau khi nước rút”.', [{ path: 'attachments', code: 'required', detail: 'cần ít nhất một ảnh sau xử lý' }])
    if (open.length) return fail(422, 'incident.tasks_open', `Còn ${open.length} việc chưa xác nhận.`)
  }
  const next: Partial<Record<IncidentStepBody['step'], IncidentState>> = { confirm: 'open', dismiss: 'dismissed', resolve: 'resolved', close: 'closed', reopen: 'open', merge: 'merged' }
  if (next[b.step]) i.state = next[b.step] as IncidentState
  if (b.step === 'confirm') Object.assign(i, { acknowledged_at: iso(Date.now()), seconds_to_acknowledge: Math.round((Date.now() - Date.parse(i.opened_at)) / 1000), opened_by: me })
  if (b.step === 'lead') {
    i.lead_unit = b.lead_unit ?? i.lead_unit
    i.lead_unit_name = nameOf(i.lead_unit)
    i.helping_units = (b.helping_units ?? []).map((code) => ({ code, name: nameOf(code) }))
    if (i.seconds_to_dispatch === null) Object.assign(i, { dispatched_at: iso(Date.now()), seconds_to_dispatch: Math.round((Date.now() - Date.parse(i.opened_at)) / 1000) })
  }
  if (b.step === 'resolve') Object.assign(i, { cleared_at: iso(Date.now()), seconds_to_clear: Math.round((Date.now() - Date.parse(i.opened_at)) / 1000) })
  if (b.step === 'reopen') Object.assign(i, { cleared_at: null, seconds_to_clear: null, closed_at: null })
  if (b.step === 'severity' && b.severity) i.severity = b.severity
  if (b.step === 'edit') Object.assign(i, b.title ? { title: b.title } : {}, b.text !== undefined ? { text: b.text } : {})
  if (b.step === 'remove_alerts' || b.step === 'split') i.alerts = (i.alerts ?? []).filter((a) => !b.alerts?.includes(a.id))
  if (b.step === 'merge') i.merged_into = b.into ?? ''
  i.version++
  note()
  return counted(r)
}

function taskStep(t: Task, b: TaskStepBody): unknown {
  if (b.version !== t.version) return fail(409, 'task.changed', 'Phạm Văn Lộc vừa báo tiến độ 60 % lúc 19:40.')
  const to: Partial<Record<TaskStepBody['step'], Task['state']>> = { accept: 'accepted', return: 'returned', start: 'in_progress', progress: 'in_progress', finish: 'finished', confirm: 'confirmed', redo: 'in_progress', cancel: 'cancelled', readdress: 'sent' }
  if (b.step === 'finish' && t.proof_required && !b.attachments?.length) return fail(422, 'task.proof_missing', 'Việc này cần ảnh minh chứng.', [{ path: 'attachments', code: 'required', detail: 'cần ít nhất một ảnh' }])
  if (to[b.step]) t.state = to[b.step] as Task['state']
  if (b.step === 'accept') t.accepted_at = iso(Date.now())
  if (b.step === 'progress') t.percent = b.percent ?? t.percent
  if (b.step === 'finish') Object.assign(t, { finished_at: iso(Date.now()), percent: 100 })
  if (b.step === 'extend') t.extension = { until: b.due ?? t.due, reason: b.comment ?? '', by: me, at: iso(Date.now()) }
  if (b.step === 'grant') Object.assign(t, { due: t.extension?.until ?? t.due, extension: null })
  if (b.step === 'refuse') t.extension = null
  if (b.step === 'readdress' && b.unit) Object.assign(t, { unit: b.unit, unit_name: nameOf(b.unit) })
  t.version++
  stories.get(t.id)?.push({ id: `e${++serial}`, at: iso(Date.now()), actor: me, step: b.step, comment: b.comment ?? '', data: b.percent === undefined ? null : { percent: b.percent } })
  return shown(t)
}

function board(kind: string): Board {
  const rows = new Map<string, Board['total'] & { unit: string; name: string }>()
  const total = { on_time: 0, due_soon: 0, late: 0, waiting: 0, done: 0, total: 0 }
  for (const t of tasks.filter((x) => kind === '' || x.kind === kind)) {
    const row = rows.get(t.unit) ?? { unit: t.unit, name: t.unit_name, on_time: 0, due_soon: 0, late: 0, waiting: 0, done: 0, total: 0 }
    for (const r of [row, total]) {
      r[standing(t)]++
      r.total++
    }
    rows.set(t.unit, row)
  }
  return { units: [...rows.values()], total }
}
const listed = (url: URL): unknown => {
  const p = (k: string): string => url.searchParams.get(k) ?? ''
  const all = tasks.map(shown).filter((t) => (!p('unit') || t.unit === p('unit')) && (!p('kind') || t.kind === p('kind')) && (!p('incident') || t.incident === p('incident')) && (!p('standing') || p('standing').split(',').includes(t.standing)) && (!p('state') || p('state').split(',').includes(t.state)) && seen(`${t.title} ${t.number} ${t.unit_name}`, p('q')))
  return { tasks: all, total: all.length }
}
const incidents = (url: URL): unknown => {
  const p = (k: string): string => url.searchParams.get(k) ?? ''
  const all = [...rooms.values()].map(counted).filter((i) => (!p('state') || p('state').split(',').includes(i.state)) && (!p('severity') || p('severity').split(',').includes(String(i.severity))) && (!p('service') || i.service === p('service')) && (!p('unit') || i.lead_unit === p('unit') || i.helping_units?.some((u) => u.code === p('unit'))) && (!p('area') || i.area === p('area')) && seen(`${i.title} ${i.number} ${i.place}`, p('q')))
  return { incidents: all, next: '', total: all.length }
}
const picture = (id: string): string => {
  const h = [...id].reduce((a, c) => a + c.charCodeAt(0) * 7, 0)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="hsl(${h % 40 + 200} 25% ${35 + (h % 5) * 6}%)"/><path d="M0 150l70-60 50 40 60-90 80 100 60-50 80 70v140H0z" fill="hsl(210 18% 30%)"/><path d="M0 220q50-20 100 0t100 0 100 0 100 0v80H0z" fill="hsl(205 45% 45%)" opacity=".8"/><rect x="${80 + (h % 9) * 20}" y="170" width="60" height="34" rx="6" fill="hsl(${h % 360} 60% 55%)"/></svg>`
}
const alerts = (url: URL): unknown => {
  const of = url.searchParams.get('incident') ?? ''
  const all = [...rooms.values()].flatMap((r) => (of && r.incident.id !== of ? [] : (r.incident.alerts ?? []).map((a) => ({ ...a, incident: r.incident.id, incident_number: r.incident.number, service: r.incident.service }))))
  return { alerts: of ? all : [{ id: 'fa1', number: 'CB-2026-000391', title: t2('Ngập 26 cm', '26 cm of water'), severity: 2, state: 'new', since: ago(11), place: 'Nguyễn Lương Bằng – P. Liên Chiểu', lon: 108.14, lat: 16.07, incident: '', service: 'flood' }, { id: 'fa2', number: 'CB-2026-000392', title: t2('Mưa 58 mm/giờ', 'Rain 58 mm/h'), severity: 3, state: 'acknowledged', since: ago(19), place: 'Trạm Hòa Khánh', lon: 108.15, lat: 16.06, incident: '', service: 'flood' }, ...all], next: '', total: all.length, counts: { by_severity: {}, by_state: {} }, at: iso(Date.now()) }
}

const room = (id = '', f: (r: Room) => unknown): unknown => {
  const r = rooms.get(id)
  return r ? f(r) : null
}
export const routes: [string, (url: URL, match: string[], body: unknown) => unknown][] = [
  ['GET /api/v1/incidents', incidents],
  ['POST /api/v1/incidents', (_u, _m, body) => {
    const b = body as { title: string; severity: 1 | 2 | 3 | 4; service: string; lead_unit?: string; place?: string; text?: string }
    const id = `i${++serial}`
    const base = rooms.get('i8')?.incident as Incident
    const [lon, lat] = place('Hải Châu')
    rooms.set(id, { incident: { ...base, id, number: `SC-2026-0${serial}`, version: 1, title: b.title, text: b.text ?? '', severity: b.severity, service: b.service, state: 'open', opened_at: iso(Date.now()), opened_by: me, lead_unit: b.lead_unit ?? '', lead_unit_name: b.lead_unit ? nameOf(b.lead_unit) : '', helping_units: [], alerts: [], place: b.place ?? '', lon, lat, acknowledged_at: iso(Date.now()), seconds_to_acknowledge: 0, dispatched_at: null, seconds_to_dispatch: null, cleared_at: null, seconds_to_clear: null, closed_at: null }, tasks: [], steps: [], messages: [], files: [], timeline: [{ id: `e${serial}`, at: iso(Date.now()), actor: me, step: 'open', comment: '', data: null }], allowed: [] })
    return rooms.get(id)?.incident
  }],
  ['GET /api/v1/incidents/:id', (_u, [id]) => room(id, detail)],
  ['POST /api/v1/incidents/:id/steps', (_u, [id], body) => room(id, (r) => incidentStep(r, body as IncidentStepBody))],
  ['POST /api/v1/incidents/:id/messages', (_u, [id], body) => room(id, (r) => {
    r.messages.push({ id: `m${++serial}`, at: iso(Date.now()), by: me, text: (body as { text: string }).text, attachments: ((body as { attachments?: string[] }).attachments ?? []).map((a) => photo(a, 'anh.jpg', 0, '')) })
    return r.messages.at(-1)
  })],
  ['POST /api/v1/incidents/:id/sop/:n', (_u, [id, n], body) => room(id, (r) => {
    const s = r.steps.find((x) => x.n === Number(n))
    const b = body as { state: SopStep['state']; comment?: string; attachments?: string[] }
    if (!s) return null
    if (b.state === 'done' && s.proof && !b.attachments?.length && !s.attachments?.length) return fail(422, 'sop.proof_missing', 'Bước này cần ảnh minh chứng.', [{ path: 'attachments', code: 'required', detail: 'cần ít nhất một ảnh' }])
    Object.assign(s, { state: b.state, comment: b.comment ?? '', at: b.state === 'open' ? null : iso(Date.now()), by: b.state === 'open' ? null : me, attachments: (b.attachments ?? []).map((a) => photo(a, 'minh-chung.jpg', 0, '')) })
    r.timeline.push({ id: `e${++serial}`, at: iso(Date.now()), actor: me, step: 'sop', comment: s.title.vi, data: { n: s.n, state: b.state } })
    return s
  })],
  ['PUT /api/v1/incidents/:id/sop', (_u, [id], body) => room(id, (r) => {
    const sop = sops.find((s) => s.id === (body as { sop: string }).sop)
    if (!sop) return null
    r.steps = steps(sop, 0, (Date.now() - Date.parse(r.incident.opened_at)) / minute)
    Object.assign(r.incident, { sop: sop.id, sop_title: sop.title, proof_required: sop.proof_to_close })
    return counted(r)
  })],
  ['GET /api/v1/tasks', listed],
  ['GET /api/v1/tasks/board', (url) => board(url.searchParams.get('kind') ?? '')],
  ['POST /api/v1/tasks', (_u, _m, body) => {
    const b = body as TaskBody
    const t: Task = { ...(tasks[0] as Task), ...b, id: `t${++serial}`, number: `${b.kind === 'directive' ? 'CĐ' : 'NV'}-2026-0${serial}`, version: 1, unit_name: nameOf(b.unit), incident: b.incident ?? '', incident_number: rooms.get(b.incident ?? '')?.incident.number ?? '', text: b.text ?? '', state: 'sent', percent: 0, original_due: b.due, given_at: iso(Date.now()), given_by: me, accepted_at: null, finished_at: null, confirmed_at: null, extension: null, attachments: [] }
    tasks.unshift(t)
    stories.set(t.id, [{ id: `e${++serial}`, at: t.given_at, actor: me, step: 'give', comment: '', data: null }])
    return shown(t)
  }],
  ['GET /api/v1/tasks/:id', (_u, [id]) => {
    const t = tasks.find((x) => x.id === id)
    return t ? { task: shown(t), timeline: [...(stories.get(t.id) ?? [])].reverse(), allowed: null } : null
  }],
  ['POST /api/v1/tasks/:id/steps', (_u, [id], body) => {
    const t = tasks.find((x) => x.id === id)
    return t ? taskStep(t, body as TaskStepBody) : null
  }],
  ['GET /api/v1/sops', () => ({ sops })],
  ['GET /api/v1/sops/:id', (url, [id]) => {
    const version = Number(url.searchParams.get('version') ?? 0)
    return (version ? history.get(id ?? '')?.find((s) => s.version === version) : sops.find((s) => s.id === id)) ?? null
  }],
  ['PUT /api/v1/sops/:id', (_u, [id = ''], body) => {
    const i = sops.findIndex((s) => s.id === id)
    const next = { ...(body as Sop), id, version: (sops[i]?.version ?? 0) + 1, changed_at: iso(Date.now()), changed_by: me }
    if (i < 0) sops.push(next)
    else sops[i] = next
    history.set(id, [...(history.get(id) ?? []), next])
    return next
  }],
  ['POST /api/v1/attachments', (url) => photo(`f${++serial}`, url.searchParams.get('name') ?? 'tep', 0, '')],
  ['GET /api/v1/attachments/:id', (_u, [id = '']) => ({ raw: picture(id), type: 'image/svg+xml' })],
  ['GET /api/v1/duty/units', () => ({ units })],
  ['GET /api/v1/alerts', alerts],
]
