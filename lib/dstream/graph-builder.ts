import { callSite } from '../base/error-places.ts'
import { MillraceError } from '../base/errors.ts'
import { AccumulatorSet } from '../rdd/adds/accumulator-set.ts'
import {
  type NamedNode,
  type NodeSettings,
  type Plan,
  planOf,
  type PlanOptions,
  slideMsOf,
} from './plan.ts'
import { BroadcastSet } from './shared/broadcast-set.ts'
import { isSamePlace, placeNames, samePlaceError } from './output-path.ts'
import type { StreamingListener } from './listening/streaming-listener.ts'
import type { PlanNode } from './plan-node.ts'

const placeOf = (node: PlanNode): string | undefined =>
  node.role === 'output' ? node.placeAt?.(0) : undefined

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/** Collects the nodes of a pipeline while the pipeline is described. */
export class GraphBuilder {
  /** The listeners of this process. They may change at any time. */
  readonly listeners: Set<StreamingListener> = new Set()
  readonly #accumulators = new AccumulatorSet()
  readonly #broadcasts = new BroadcastSet()
  readonly #nodes: PlanNode[] = []
  readonly #known = new Map<PlanNode, NamedNode>()
  readonly #countOfKind = new Map<string, number>()
  readonly #intervalMs: number
  #frozen = false

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /**
   * Adds a node under the id `<kind>-<n>`. Each kind has its own count, so a new `map` does not
   * change the id of any state.
   */
  add<N extends PlanNode>(node: N): N {
    this.#check(`add ${node.kind}`)
    const count = (this.#countOfKind.get(node.kind) ?? 0) + 1
    this.#checkFree(`${node.kind}-${count}`, node)
    this.#checkPlace(node)
    this.#countOfKind.set(node.kind, count)
    this.#nodes.push(node)
    this.#known.set(node, {
      id: `${node.kind}-${count}`,
      settings: {},
      declaredAt: callSite(),
    })
    return node
  }

  /** The time between two RDDs of a node. */
  slideMsOf(node: PlanNode): number {
    return slideMsOf(node, this.#intervalMs)
  }

  rename(given: PlanNode, id: string): void {
    const node = namedBy(given)
    this.#check(`name a stream "${id}"`)
    if (!ID.test(id)) {
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'named() needs a name that can be part of a stored key',
        value: id,
        allowed: 'a letter or digit, then up to 63 letters, digits, and . _ -',
      })
    }
    this.#checkFree(id, node)
    this.#known.set(node, { ...this.#of(node), id })
  }

  /** The accumulators, for one that is declared now. */
  accumulatorsFor(name: string): AccumulatorSet {
    this.#check(`add the accumulator "${name}"`)
    checkName('An accumulator', name)
    return this.#accumulators
  }

  /** The broadcast values that are loaded, for one that is declared now. */
  broadcastsFor(name: string): BroadcastSet {
    this.#check(`add the broadcast value "${name}"`)
    checkName('A broadcast value', name)
    return this.#broadcasts
  }

  /** Adds settings of a stream. */
  describe(node: PlanNode, settings: NodeSettings): void {
    this.#check(`change ${node.kind}`)
    const known = this.#of(node)
    this.#known.set(node, { ...known, settings: { ...known.settings, ...settings } })
  }

  #of(node: PlanNode): NamedNode {
    return this.#known.get(node) as NamedNode
  }

  /** Whether its pipeline is built. */
  get isFrozen(): boolean {
    return this.#frozen
  }

  freeze(name: string, options: PlanOptions): Plan {
    this.#frozen = true
    const accumulators = this.#accumulators.isEmpty ? undefined : this.#accumulators
    const broadcasts = this.#broadcasts.isEmpty ? undefined : this.#broadcasts
    return Object.freeze({
      ...planOf(name, options, this.#nodes, { known: this.#known, accumulators, broadcasts }),
      listeners: this.listeners,
    })
  }

  #checkFree(id: string, node: PlanNode): void {
    const taken = [...this.#known].some(([other, known]) => known.id === id && other !== node)
    if (taken)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'Two streams have the same name',
        value: id,
        fix: 'give each stream its own name',
      })
  }

  /** Two outputs in one place would replace each other's files. */
  #checkPlace(node: PlanNode): void {
    const place = placeOf(node)
    if (place === undefined) return
    const other = this.#nodes.find((one) => {
      const its = placeOf(one)
      return its !== undefined && isSamePlace(placeNames(its), placeNames(place))
    })
    if (other !== undefined) throw samePlaceError(place, this.#of(other).id)
  }

  #check(what: string): void {
    if (!this.#frozen) return
    throw new MillraceError('PLAN_FROZEN', {
      problem: `Cannot ${what}: the pipeline is already built`,
      allowed: 'changes while the function given to stream() runs',
      fix: 'describe the whole pipeline inside that function, synchronously',
    })
  }
}

const checkName = (what: string, name: unknown): void => {
  if (typeof name === 'string' && ID.test(name)) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${what} needs a name that can be part of a stored key`,
    value: name,
    allowed: 'a letter or digit, then up to 63 letters, digits, and . _ -',
  })
}

/** The node that gets the name of a stream. */
const namedBy = (node: PlanNode): PlanNode => {
  const [parent] = node.parents
  return node.role === 'operator' && node.isPartOfParent === true && parent !== undefined
    ? parent
    : node
}
