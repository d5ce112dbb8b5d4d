import type { Plugin } from 'vite'
export function gzipAssets(): Plugin
