/** What the last batch says of the nodes of the plan. */
import type { AmountsAnswer, AttemptAnswer, NodeAnswer } from './answers.ts'
import { bytesText, countOf, durationText, operatorOf, shortText } from './words.ts'

/** What the last batch says of a node. */
export interface NodeFigures {
  readonly text: string
  /** What it gave to the nodes after it, and how large that was. Left out: it is not known. */
  readonly edge?: string
  readonly edgeBytes?: string
  /** What moved to it by key from the node before it. */
  readonly takes?: string
  /** Where it ran. Left out: all runs in one process. */
  readonly place?: string
}

const amountOf = ({ records, objects }: AmountsAnswer): string =>
  records > 0 || objects === 0
    ? `${shortText(records)} ${records === 1 ? 'record' : 'records'}`
    : countOf(objects, 'file')

const keysText = (keys: number): string => `${shortText(keys)} ${keys === 1 ? 'key' : 'keys'}`

/** What an operator or an output did. */
const workOf = (node: NodeAnswer, attempt: AttemptAnswer | undefined): string => {
  const states = (attempt?.states ?? []).filter(({ id }) => operatorOf(id) === node.id)
  if (states.length > 0) {
    const keys = states.find((state) => state.keys !== undefined)?.keys
    const bytes = states.reduce((total, state) => total + state.bytes, 0)
    return `${keys === undefined ? '' : `${keysText(keys)}, `}${bytesText(bytes)}`
  }
  const output = attempt?.outputs?.find(({ id }) => id === node.id)
  if (output !== undefined) return output.error === undefined ? durationText(output.ms) : 'failed'
  const stages = (attempt?.stages ?? []).filter(({ node: id }) => id === node.id)
  const ms = stages.reduce((total, one) => total + one.ms, 0)
  return stages.length > 0 ? durationText(ms) : (node.name ?? '')
}

/** Where a node of a deployed application ran, or of a batch that executors had a part in. */
const placeOf = (
  node: NodeAnswer,
  attempt: AttemptAnswer | undefined,
  isDeployed: boolean,
): string | undefined => {
  const source = attempt?.sources?.find(({ id }) => id === node.id)
  if (isDeployed && source?.lanes !== undefined) return 'intake'
  const own = (attempt?.stages ?? []).filter(({ node: id }) => id === node.id)
  const executors = new Set(own.flatMap((stage) => Object.keys(stage.executors ?? {})))
  const here = isDeployed ? 'driver' : 'this process'
  if (executors.size > 0) return `${here}, ${countOf(executors.size, 'executor')}`
  return isDeployed ? here : undefined
}

/** The figures of a node. */
export const figuresOf = (
  node: NodeAnswer,
  attempt: AttemptAnswer | undefined,
  isDeployed: boolean,
): NodeFigures => {
  const place = placeOf(node, attempt, isDeployed)
  const placed = place === undefined ? {} : { place }
  const source = attempt?.sources?.find(({ id }) => id === node.id)
  if (source !== undefined) {
    const size = source.bytes > 0 ? { edgeBytes: bytesText(source.bytes) } : {}
    return { text: node.name ?? '', edge: amountOf(source), ...size, ...placed }
  }
  const keysOn = (side: string): number | undefined =>
    attempt?.stages?.find((one) => one.node === node.id && one.side === side)?.keys
  const [gave, took] = [keysOn('map'), keysOn('exchange')]
  return {
    text: workOf(node, attempt),
    ...(gave === undefined ? {} : { edge: keysText(gave) }),
    ...(took === undefined ? {} : { takes: keysText(took) }),
    ...placed,
  }
}
