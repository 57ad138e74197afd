import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Placeable, type Place, placeNodes } from '../../../page/plan-layout.ts'

const rowsOf = (places: ReadonlyMap<string, Place>): number => {
  const rows = [...places.values()].map(({ row }) => row)
  return Math.max(...rows) - Math.min(...rows) + 1
}

/** Sources that are joined one after the other. */
const chainOf = (sources: number): readonly Placeable[] => [
  ...Array.from({ length: sources }, (_, n) => ({ id: `s${n}`, parents: [] })),
  ...Array.from({ length: sources - 1 }, (_, n) => ({
    id: `u${n}`,
    parents: [n === 0 ? 's0' : `u${n - 1}`, `s${n + 1}`],
  })),
]

/** Plans in which each node has some of the nodes before it as parents. */
const plans = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 40 })
  .map((all) =>
    all.map((drawn, index): Placeable => ({
      id: `n${index}`,
      parents: index === 0 ? [] : [...new Set(drawn.map((n) => `n${n % index}`))],
    })),
  )

describe('the drawing of a plan', () => {
  test('goes from left to right, and no two nodes are at one place', () => {
    fc.assert(
      fc.property(plans, (nodes) => {
        const places = placeNodes(nodes)
        expect(places.size).toBe(nodes.length)
        const at = (id: string): Place => places.get(id) as Place
        for (const { id, parents } of nodes)
          for (const parent of parents) expect(at(parent).column).toBeLessThan(at(id).column)
        const columns = Map.groupBy(places.values(), ({ column }) => column)
        for (const inColumn of columns.values()) {
          const rows = inColumn.map(({ row }) => row).toSorted((a, b) => a - b)
          for (const [index, row] of rows.entries())
            if (index > 0) expect(row - (rows[index - 1] ?? 0)).toBeGreaterThan(0.999)
        }
        expect(Math.min(...[...places.values()].map(({ row }) => row))).toBeCloseTo(0)
      }),
    )
  })

  test.each([
    { of: 'one node', nodes: [{ id: 'a', parents: [] }], rows: 1 },
    { of: 'thirty sources in a chain of unions', nodes: chainOf(30), rows: 4 },
    {
      of: 'thirty sources in one union',
      nodes: [
        ...Array.from({ length: 30 }, (_, n) => ({ id: `s${n}`, parents: [] })),
        { id: 'u', parents: Array.from({ length: 30 }, (_, n) => `s${n}`) },
      ],
      rows: 30,
    },
  ])('of $of is at most $rows rows high', ({ nodes, rows }) => {
    expect(rowsOf(placeNodes(nodes))).toBeLessThanOrEqual(rows)
  })
})
