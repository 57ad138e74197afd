/** Functions of whole datasets, by what vectors call them. */
import { call, type Handle } from '../call.ts'
import { UnknownWord } from '../outcome.ts'
import { entry } from '../table.ts'
import { elementFunction } from './functions.ts'

/** A function of the datasets of one batch, one of each stream. */
export type DatasetWord = (...datasets: readonly Handle[]) => Handle

const union = (...datasets: readonly Handle[]): Handle => datasets.reduce((all, one) => call(all, 'union', one))

const PHRASES: Readonly<Record<string, DatasetWord>> = {
  'dataset => keys': (dataset) => call(dataset as Handle, 'keys'),
  'dataset => values': (dataset) => call(dataset as Handle, 'values'),
  'dataset => sortByKey': (dataset) => call(dataset as Handle, 'sortByKey'),
  'dataset => distinct': (dataset) => call(dataset as Handle, 'distinct'),
  'cartesian product with itself': (dataset) => call(dataset as Handle, 'cartesian', dataset),
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
export const datasetFunction = (word: unknown): DatasetWord => {
  const phrase = entry(PHRASES, word)
  if (phrase !== undefined) return phrase
  const [, method, body] = MAPPED.exec(String(word)) ?? []
  if (method === undefined) throw new UnknownWord('function of datasets', word)
  const f = elementFunction(body)
  return (dataset) => call(dataset as Handle, method, f)
}
