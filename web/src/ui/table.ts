/** TableColumn describes one column of DataTable. value sorts; the cell's slot shows. */
export interface TableColumn<Row> {
  key: string
  title: string
  value: (row: Row) => string | number | null | undefined
  align?: 'left' | 'right'
  /** hide on narrow screens */
  hide?: boolean
  /** no sorting */
  fixed?: boolean
  /** let the text break */
  wrap?: boolean
  /** stays in view when the table scrolls sideways; the first column only */
  sticky?: boolean
  /** takes the width that the others leave, and cuts what is longer */
  grow?: boolean
  /** background of the cell: a CSS colour */
  tint?: (row: Row) => string | undefined
}
