/** Left is how a deadline stands: seconds are always positive. */
export interface Left { state: 'ok' | 'soon' | 'late'; seconds: number }

/** left tells how long until a deadline, or since. Soon is the last soonSeconds before it. */
export function left(until: number, now: number, soonSeconds: number): Left {
  const seconds = Math.round((until - now) / 1000)
  if (seconds < 0) return { state: 'late', seconds: -seconds }
  return { state: seconds <= soonSeconds ? 'soon' : 'ok', seconds }
}
