// The uPlot options of a time chart: axes in the city's time, thresholds and
// flags drawn on the canvas, estimated parts dashed or hatched.
import uPlot from 'uplot'
import type { Lang } from '@/lib/when'
import { cityZone, clock, day, startOfDay } from '@/lib/when'
import { number } from '@/lib/number'
import { token } from '@/ui/token'
import { type Aligned, type ChartSeries, extent, flagBit, harmlessBits, within } from './align'

export interface ChartThreshold { value: number; title: string; level: number }
/** ChartBand shades a span of time, in ms, in the colour of a severity. */
export interface ChartBand { from: number; to: number; severity: number }

export interface PlotInput {
  series: ChartSeries[]
  data: Aligned
  thresholds: ChartThreshold[]
  bands: ChartBand[]
  /** show only the thresholds that the line is between */
  tight: boolean
  range: [number, number] | null // seconds
  lang: Lang
  width: number
  height: number
  syncKey: string | undefined
  onZoom: (from: number, to: number) => void
  onReset: () => void
  onCursor: (index: number | null) => void
}

const palette = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5']

/** colorOf is the colour token of the i-th series. */
export const colorOf = (s: ChartSeries, i: number): string => s.color ?? (s.kind === 'bar' ? 'rain-3' : (palette[i % palette.length] as string))

export function columns(data: Aligned): uPlot.AlignedData {
  const cols: (number | null)[][] = []
  data.measured.forEach((m, i) => cols.push(m, data.estimated[i] ?? []))
  return [data.x, ...cols]
}

function hatch(color: string): CanvasPattern | string {
  const tile = document.createElement('canvas')
  tile.width = tile.height = 6
  const ctx = tile.getContext('2d')
  if (!ctx) return color
  ctx.strokeStyle = color
  ctx.lineWidth = 1.4
  ctx.beginPath()
  for (const o of [-6, 0, 6]) {
    ctx.moveTo(o, 6)
    ctx.lineTo(o + 6, 0)
  }
  ctx.stroke()
  return ctx.createPattern(tile, 'repeat') ?? color
}

export function options(p: PlotInput): uPlot.Options {
  const bars = p.series.some((s) => s.kind === 'bar')
  const levels = p.thresholds.map((t) => t.value)
  const span = extent(p.data, p.tight ? within(p.data, levels) : levels, bars)
  const font = '12px "Be Vietnam Pro", system-ui, sans-serif'
  const axis = { stroke: token('muted'), font, grid: { stroke: token('line'), width: 1 }, ticks: { show: false } }
  const barPath = uPlot.paths.bars?.({ size: [0.8, 40], radius: 0.15 })
  return {
    width: p.width,
    height: p.height,
    padding: [10, 10, 0, 0],
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), cityZone()),
    legend: { show: false },
    focus: { alpha: 0.35 },
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false },
      ...(p.syncKey ? { sync: { key: p.syncKey, setSeries: false } } : {}),
      bind: { dblclick: () => () => (p.onReset(), null) },
    },
    scales: {
      x: { time: true, ...(p.range ? { range: () => p.range as uPlot.Range.MinMax } : {}) },
      y: { range: () => span },
    },
    axes: [
      { ...axis, space: 70, size: 34, values: (_u, splits, _i, _s, incr) => timeLabels(splits, incr, p.lang) },
      { ...axis, size: 48, values: (_u, splits, _i, _s, incr) => splits.map((v) => number(v, p.lang, decimals(incr))) },
    ],
    series: [
      {},
      ...p.series.flatMap((s, i): uPlot.Series[] => {
        const color = token(colorOf(s, i))
        if (s.kind === 'bar') {
          const base = { paths: barPath as uPlot.Series.PathBuilder, points: { show: false }, width: 0 }
          return [
            { ...base, label: s.label, fill: color, stroke: color },
            { ...base, label: s.label, fill: () => hatch(color), stroke: color, width: 1 },
          ]
        }
        const few = s.points.length < 40
        return [
          { label: s.label, stroke: color, width: 1.8, points: { show: few, size: 5, fill: color } },
          { label: s.label, stroke: color, width: 1.8, dash: [5, 4], points: { show: false } },
        ]
      }),
    ],
    hooks: {
      drawClear: [(u) => drawBands(u, p.bands)],
      draw: [(u) => drawThresholds(u, p.thresholds, font), (u) => drawFlags(u, p.series, p.data)],
      setSelect: [
        (u) => {
          if (u.select.width < 6) return
          const from = u.posToVal(u.select.left, 'x')
          const to = u.posToVal(u.select.left + u.select.width, 'x')
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          p.onZoom(from, to)
        },
      ],
      setCursor: [(u) => p.onCursor(u.cursor.idx ?? null)],
    },
  }
}

const decimals = (incr: number): number => (incr >= 1 ? 0 : incr >= 0.1 ? 1 : incr >= 0.01 ? 2 : 3)

/** timeLabels writes hours, and the day where a day begins. */
export function timeLabels(splits: number[], incr: number, lang: Lang): string[] {
  let last = ''
  return splits.map((s) => {
    const ms = s * 1000
    const date = day(ms, lang)
    const fresh = date !== last
    last = date
    if (incr >= 86_400 || ms === startOfDay(ms)) return date
    return fresh ? `${clock(ms, lang)}\n${date}` : clock(ms, lang)
  })
}

function drawBands(u: uPlot, bands: ChartBand[]): void {
  const { ctx } = u
  const { left, top, width, height } = u.bbox
  ctx.save()
  for (const b of bands) {
    const from = Math.max(left, u.valToPos(b.from / 1000, 'x', true))
    const to = Math.min(left + width, Math.max(from + 2 * devicePixelRatio, u.valToPos(b.to / 1000, 'x', true)))
    if (to <= from) continue
    ctx.fillStyle = token(`sev-${b.severity}`)
    ctx.globalAlpha = 0.16
    ctx.fillRect(from, top, to - from, height)
    ctx.globalAlpha = 0.9
    ctx.fillRect(from, top, to - from, 3 * devicePixelRatio)
  }
  ctx.restore()
}

function drawThresholds(u: uPlot, thresholds: ChartThreshold[], font: string): void {
  const { ctx } = u
  const ratio = devicePixelRatio
  const { left, top, width, height } = u.bbox
  ctx.save()
  for (const th of thresholds) {
    const y = Math.round(u.valToPos(th.value, 'y', true))
    if (y < top || y > top + height) continue
    const color = token(`level-${Math.max(0, Math.min(3, th.level))}`)
    ctx.strokeStyle = color
    ctx.lineWidth = ratio
    ctx.setLineDash([8 * ratio, 4 * ratio])
    ctx.beginPath()
    ctx.moveTo(left, y)
    ctx.lineTo(left + width, y)
    ctx.stroke()
    ctx.font = font.replace('12px', `${11 * ratio}px`)
    ctx.textAlign = 'right'
    ctx.textBaseline = 'bottom'
    ctx.lineWidth = 3 * ratio
    ctx.setLineDash([])
    ctx.strokeStyle = token('panel')
    ctx.strokeText(th.title, left + width - 4 * ratio, y - 2 * ratio)
    ctx.fillStyle = color
    ctx.fillText(th.title, left + width - 4 * ratio, y - 2 * ratio)
  }
  ctx.restore()
}

// A published figure is a dot on the estimated line; a doubtful point wears a
// hollow diamond, so that it is seen without hover.
function drawFlags(u: uPlot, series: ChartSeries[], data: Aligned): void {
  const { ctx } = u
  const r = 4.5 * devicePixelRatio
  const { left, width } = u.bbox
  ctx.save()
  ctx.strokeStyle = token('sev-3')
  ctx.fillStyle = token('panel')
  ctx.lineWidth = 1.5 * devicePixelRatio
  series.forEach((s, i) => {
    const doubtful = ~harmlessBits(s)
    const given = flagBit(s.flags, 'given')
    const color = token(colorOf(s, i))
    const flags = data.flags[i] ?? []
    let drawn = -Infinity
    for (let j = 0; j < flags.length; j++) {
      const f = flags[j] as number
      const odd = (f & doubtful) !== 0
      if (!odd && ((f & given) === 0 || s.kind === 'bar')) continue
      const v = data.measured[i]?.[j] ?? data.estimated[i]?.[j]
      if (v === null || v === undefined) continue
      const x = u.valToPos(data.x[j] as number, 'x', true)
      if (x < left || x > left + width || x - drawn < r) continue
      drawn = x
      const y = u.valToPos(v, 'y', true)
      ctx.beginPath()
      if (!odd) {
        ctx.fillStyle = color
        ctx.arc(x, y, r * 0.8, 0, 2 * Math.PI)
        ctx.fill()
        ctx.fillStyle = token('panel')
        continue
      }
      ctx.moveTo(x, y - r)
      ctx.lineTo(x + r, y)
      ctx.lineTo(x, y + r)
      ctx.lineTo(x - r, y)
      ctx.closePath()
      ctx.fill()
      ctx.stroke()
    }
  })
  ctx.restore()
}
