import { expect, it } from 'vitest'
import { sparkPath } from './spark'

it('draws low at the bottom, high at the top', () => expect(sparkPath([0, 10], 100, 28)).toBe('M0.0 26.0L100.0 2.0'))
it('leaves a gap where there is no data', () => expect(sparkPath([1, null, 2, 3], 90, 28)).toMatch(/^M0\.0 \S+M60\.0 \S+L90\.0 \S+$/))
it('draws a constant in the middle', () => expect(sparkPath([5, 5], 100, 28)).toBe('M0.0 14.0L100.0 14.0'))
it('draws nothing of one value', () => expect(sparkPath([null, 5], 100, 28)).toBe(''))
