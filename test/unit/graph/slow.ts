/** The same results by plain loops over lists of edges: what they mean, without any speed. */

/** An edge. */
export type Edge = readonly [number, number]

/** Results by vertex, in the order of vertices. */
export type ByVertex<V> = readonly (readonly [number, V])[]

export const verticesOf = (edges: readonly Edge[]): readonly number[] =>
  [...new Set(edges.flat())].toSorted((a, b) => a - b)

const forEach = <V>(edges: readonly Edge[], f: (vertex: number) => V): ByVertex<V> =>
  verticesOf(edges).map((vertex) => [vertex, f(vertex)])

export const degrees = (edges: readonly Edge[], ends: readonly (0 | 1)[]): ByVertex<number> =>
  forEach(edges, (vertex) =>
    ends.reduce<number>((sum, end) => sum + edges.filter((edge) => edge[end] === vertex).length, 0),
  ).filter(([, degree]) => degree > 0)

/** Each vertex takes the least name of its neighbours, until none changes. */
export const components = (edges: readonly Edge[]): ByVertex<number> => {
  const names = new Map(forEach(edges, (vertex) => vertex))
  for (let changed = true; changed;) {
    changed = false
    for (const [a, b] of edges) {
      const least = Math.min(names.get(a) ?? a, names.get(b) ?? b)
      changed ||= names.get(a) !== least || names.get(b) !== least
      names.set(a, least).set(b, least)
    }
  }
  return [...names]
}

export const triangles = (edges: readonly Edge[]): ByVertex<number> => {
  const areNear = (a: number, b: number): boolean =>
    a !== b && edges.some(([x, y]) => (x === a && y === b) || (x === b && y === a))
  const all = verticesOf(edges)
  return forEach(
    edges,
    (a) =>
      all
        .filter((b) => areNear(a, b))
        .flatMap((b) => all.filter((c) => c > b && areNear(b, c) && areNear(a, c))).length,
  )
}

export const paths = (
  edges: readonly Edge[],
  landmarks: readonly number[],
): ByVertex<readonly (readonly [number, number])[]> => {
  const hopsTo = (landmark: number): ReadonlyMap<number, number> => {
    const hops = new Map([[landmark, 0]])
    for (let round = 0; round < verticesOf(edges).length; round++)
      for (const [a, b] of edges)
        hops.set(a, Math.min(hops.get(a) ?? Infinity, 1 + (hops.get(b) ?? Infinity)))
    return hops
  }
  const known = [...new Set(landmarks)].toSorted((a, b) => a - b)
  const all = known.map((landmark) => [landmark, hopsTo(landmark)] as const)
  return forEach(edges, (vertex) =>
    all.flatMap(([landmark, hops]) => {
      const found = hops.get(vertex) ?? Infinity
      return found === Infinity ? [] : [[landmark, found] as const]
    }),
  )
}

/** Ranks by the rounds that GraphX documents. `source`: where walks begin. Default: anywhere. */
export const ranks = (
  edges: readonly Edge[],
  { rounds, reset, source }: { rounds: number; reset: number; source?: number },
): ByVertex<number> => {
  const isStart = (vertex: number): boolean => source === undefined || vertex === source
  let all = new Map(forEach(edges, (vertex) => (isStart(vertex) ? 1 : 0) as number))
  for (let round = 0; round < rounds; round++) {
    const next = new Map(forEach(edges, (vertex) => (isStart(vertex) ? reset : 0)))
    for (const [a, b] of edges) {
      const degree = edges.filter(([from]) => from === a).length
      next.set(b, (next.get(b) ?? 0) + ((1 - reset) * (all.get(a) ?? 0)) / degree)
    }
    all = next
  }
  const sum = [...all.values()].reduce((total, rank) => total + rank, 0)
  const total = source === undefined ? all.size : 1
  return [...all].map(([vertex, rank]) => [vertex, sum === 0 ? 0 : (rank * total) / sum])
}
