// Files that people attach: photos, documents. What they belong to keeps their ids.
import { address, upload } from './client'

/** Attachment is a stored file; a photo's position is null unless it was asked to be kept. */
export interface Attachment { id: string; name: string; type: string; size: number; sha256?: string; width?: number | null; height?: number | null; position?: { lon: number; lat: number } | null; at?: string | null; by?: { id: string; name: string } | null }

/** The largest file that the server takes. */
export const maxBytes = 25 * 1024 * 1024

/** fileAddress is where a stored file is read; photos and PDF open in the browser. */
export const fileAddress = (id: string): string => address(`attachments/${encodeURIComponent(id)}`)

export const isImage = (f: { type: string }): boolean => f.type.startsWith('image/')

/** attach stores a file, telling how far it is. */
export const attach = (file: File, keepPosition: boolean, onProgress?: (share: number) => void, signal?: AbortSignal): Promise<Attachment> =>
  upload<Attachment>('attachments', file, { name: file.name, keep_position: keepPosition }, onProgress, signal)
