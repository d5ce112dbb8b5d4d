// The cells of one row of DataTable, a component of its own: while one
// scrolls, only rows that come into view are drawn, and a cell that shows
// something that changes draws its own row again and no other.
import { Comment, defineComponent, h, type PropType, type Slots, type VNode } from 'vue'
import type { TableColumn } from './table'

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyRow = any

const base = 'border-b border-line/70 px-3 py-1.5'
const classOf = (c: TableColumn<AnyRow>): string =>
  [base, c.align === 'right' ? 'text-right' : 'text-left', c.hide ? 'max-md:hidden' : '', c.wrap ? '' : 'whitespace-nowrap', c.grow ? 'w-full max-w-0' : '', c.sticky ? 'sticky left-0 bg-inherit' : ''].filter(Boolean).join(' ')

const shown = (nodes: VNode[] | undefined): boolean => nodes?.some((n) => n.type !== Comment) ?? false

export default defineComponent({
  name: 'DataCells',
  props: {
    row: { type: null as unknown as PropType<AnyRow>, required: true },
    columns: { type: Array as PropType<TableColumn<AnyRow>[]>, required: true },
    /** the slots of the table, named after the columns: an object that stays the same */
    slots: { type: Object as PropType<Slots>, required: true },
  },
  setup: (props) => () =>
    props.columns.map((c) => {
      const value = c.value(props.row)
      const content = props.slots[c.key]?.({ row: props.row, value })
      const tint = c.tint?.(props.row)
      return h('td', { key: c.key, class: classOf(c), style: tint ? { background: tint } : undefined }, shown(content) ? content : String(value ?? '—'))
    }),
})
