/** Sets a field whose name comes from data, also one that means something else: `__proto__`. */
export const setField = (row: Record<string, unknown>, name: string, value: unknown): void => {
  if (name === '__proto__')
    Object.defineProperty(row, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else row[name] = value
}
