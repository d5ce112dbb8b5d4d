// The marks, drawn on a small canvas: the shape tells the layer, the colour
// the state; estimated is hollow, stale is a faint broken outline.
import { token } from '@/ui/token'
import type { Look, Shape } from './overlay'

const size = 20
const ratio = 2

export const shapePath: Record<Shape, string> = {
  circle: 'M10 4a6 6 0 100 12 6 6 0 000-12z',
  diamond: 'M10 2.6l7.4 7.4-7.4 7.4L2.6 10z',
  triangle: 'M10 3.2l7.3 13H2.700z',
  square: 'M4.5 4.500h11v11h-11z',
  hexagon: 'M6.5 3.500h7L17 10l-3.5 6.500h-7L3 10z',
}

export function drawIcon(shape: Shape, color: string, look: Look): ImageData | undefined {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * ratio
  const ctx = canvas.getContext('2d')
  if (!ctx) return undefined
  const path = new Path2D(shapePath[shape])
  ctx.scale(ratio, ratio)
  ctx.lineJoin = 'round'
  ctx.strokeStyle = token('halo')
  ctx.lineWidth = 3.6
  ctx.globalAlpha = look === 'stale' ? 0.5 : 0.9
  ctx.stroke(path)
  ctx.fillStyle = color
  ctx.globalAlpha = { measured: 1, estimated: 0.38, stale: 0.12 }[look]
  ctx.fill(path)
  ctx.globalAlpha = look === 'stale' ? 0.75 : 1
  if (look !== 'measured') {
    ctx.strokeStyle = look === 'stale' ? token('muted') : color
    ctx.lineWidth = look === 'stale' ? 1.2 : 1.9
    if (look === 'stale') ctx.setLineDash([2.4, 1.8])
    ctx.stroke(path)
  }
  return ctx.getImageData(0, 0, canvas.width, canvas.height)
}

export const iconRatio = ratio
