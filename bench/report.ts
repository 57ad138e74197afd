/** One measured figure: with `--json` a line of its own. */
export interface Figure {
  readonly bench: string
  readonly figure: string
  readonly value: number
  readonly unit: 'ratio' | 'ms' | 'words/s' | 'count' | 'KB' | '$'
}

/** A value with four significant digits: what is behind them is noise. */
export const rounded = (value: number): number => Number(value.toPrecision(4))

/** Rows as a table, the first column to the left and the others to the right. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ')
  return rows.map(line).join('\n')
}
