// The shapes of /api/v1/calendar: the days of a year, office hours, due dates.
import type { Text } from './types'

export type DayKind = 'workday' | 'weekend' | 'holiday' | 'compensation' | 'makeup'
export type DayStatus = 'confirmed' | 'unconfirmed'
export interface CalendarDay { date: string; weekday: number; kind: DayKind; name: Text; lunar: string; status: DayStatus; source: string; works: boolean; city: boolean }
export interface OfficeHours { from: string | null; periods: [string, string][] | null; as_given: boolean; source: string }
export interface CalendarYear { year: number; days: CalendarDay[] | null; hours: OfficeHours[] | null; counts: { workdays: number; holidays: number; makeup: number } }
export interface DueStep { date: string; counts: boolean; why: Text }
export interface DueAnswer { h_due: string; d_due: string | null; received_as: string; days: DueStep[] | null }
