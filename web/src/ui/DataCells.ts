// The cells of one row of DataTable, a component of its own: while one
// scrolls, only rows that come into view are drawn, and a cell that shows
// something that changes draws its own row again and no other.
import { Comment, defineComponent, h, type VNode } from 'vue'
import type { TableColumn } from './table'

export type CellSlots<Row> = Record<string, ((cell: { row: Row; value: string | number | null | undefined }) => VNode[]) | undefined>

const base = 'border-b border-line/70 px-3 py-1.5'
const classOf = <Row>(c: TableColumn<Row>): string[] =>
  [base, c.align === 'right' ? 'text-right' : 'text-left', c.hide ? 'max-md:hidden' : '', c.wrap ? '' : 'whitespace-nowrap', c.grow ? 'w-full max-w-0' : '', c.sticky ? 'sticky left-0 bg-inherit' : '']

/** shown is false for a slot that has nothing to say of this row. */
const shown = (nodes: VNode[] | undefined): boolean => nodes?.some((n) => n.type !== Comment) ?? false

export default defineComponent(
  // slots are those of the table: an object that stays the same.
  <Row>(props: { row: Row; columns: TableColumn<Row>[]; slots: CellSlots<Row> }) =>
    () =>
      props.columns.map((c) => {
        const value = c.value(props.row)
        const content = props.slots[c.key]?.({ row: props.row, value })
        const tint = c.tint?.(props.row)
        return h('td', { key: c.key, class: classOf(c), style: tint ? { background: tint } : undefined }, shown(content) ? content : String(value ?? '—'))
      }),
  { name: 'DataCells', props: ['row', 'columns', 'slots'] },
)
