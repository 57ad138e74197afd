/** One measured figure. With `--json` it is printed as one line. */
export interface Figure {
  readonly bench: string
  readonly figure: string
  readonly value: number
  readonly unit: 'ratio' | 'ms' | 'words/s' | 'count' | 'KB' | 'bytes' | 'MB' | '$' | 'exponent'
}

/** Rounds a value to four significant digits. Further digits are noise. */
export const rounded = (value: number): number => Number(value.toPrecision(4))

/** Formats rows as a table. The first column is aligned left, the others right. */
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
