import type { Words } from '@/i18n/use'

/** services are those that the interface has a word for. */
export const services = ['flood', 'rain', 'river', 'storm', 'air', 'vessel', 'sensor', 'case', 'source', 'system'] as const

/** sayService is the name of a service, its code when there is no word for it. */
export const sayService = (w: Words, service: string): string => (services.includes(service as never) ? w.t(`service.${service}`) : service)
