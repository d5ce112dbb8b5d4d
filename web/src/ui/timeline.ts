import type { Component } from 'vue'

/** TimelineItem is one thing that happened: when, what, who, in what words. */
export interface TimelineItem {
  id: string
  at: string
  title: string
  who?: string
  text?: string
  icon?: Component
  tone?: 'neutral' | 'accent' | 'good' | 'sev-2' | 'sev-3' | 'sev-4'
}

/** byDay groups what happened by the day it happened on, in the order given. */
export function byDay<T extends { at: string }>(items: T[], day: (at: string) => string): { day: string; items: T[] }[] {
  const out: { day: string; items: T[] }[] = []
  for (const item of items) {
    const d = day(item.at)
    const last = out.at(-1)
    if (last?.day === d) last.items.push(item)
    else out.push({ day: d, items: [item] })
  }
  return out
}
