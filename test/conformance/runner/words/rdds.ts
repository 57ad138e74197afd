/** Functions of whole RDDs, by their names in vectors. */
import { call, type Handle } from '../call.ts'
import { UnknownWord } from '../outcome.ts'
import { entry } from '../table.ts'
import { elementFunction } from './functions.ts'

/** A function of the RDDs of one batch, one of each stream. */
export type RddWord = (...rdds: readonly Handle[]) => Handle

const union = (...rdds: readonly Handle[]): Handle =>
  rdds.reduce((all, one) => call(all, 'union', one))

const PHRASES: Readonly<Record<string, RddWord>> = {
  'dataset => keys': (rdd) => call(rdd as Handle, 'keys'),
  'dataset => values': (rdd) => call(rdd as Handle, 'values'),
  'dataset => sortByKey': (rdd) => call(rdd as Handle, 'sortByKey'),
  'dataset => distinct': (rdd) => call(rdd as Handle, 'distinct'),
  'cartesian product with itself': (rdd) => call(rdd as Handle, 'cartesian', rdd),
  union,
  'union of the three datasets, in order': union,
  '(l,r) => l join r': (left, right) => call(left as Handle, 'join', right),
  '(l,r,time) => l join r': (left, right) => call(left as Handle, 'join', right),
  '(l,r) => l union r': union,
  'always throws': () => {
    throw new Error('This is a special error')
  },
}

const MAPPED = /^dataset => dataset\.(map|filter|flatMap)\((.*)\)$/

/** The function that an `f` of `transform` or `transformWith` names. */
export const rddFunction = (word: unknown): RddWord => {
  const phrase = entry(PHRASES, word)
  if (phrase !== undefined) return phrase
  const [, method, body] = MAPPED.exec(String(word)) ?? []
  if (method === undefined) throw new UnknownWord('function of RDDs', word)
  const f = elementFunction(body)
  return (rdd) => call(rdd as Handle, method, f)
}
