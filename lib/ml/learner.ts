/**
 * A model is the state of an operator: one value under one key, in one partition. So it is written
 * with the batch that has changed it, exactly once, and a batch that is tried again begins with the
 * model as it was before. The examples of a batch are taken in the order in which they came,
 * whatever computed them: sums of floats come out equal to the last bit.
 */
import { MillraceError } from '../base/errors.ts'
import type { Pause } from '../base/pauses.ts'
import type { AnyValue } from '../rdd/pair-types.ts'
import { orderedExchange, pairsOfParts } from '../rdd/exchange.ts'
import { rddOfElements, type RDD } from '../rdd/rdd.ts'
import type { KeyedState } from '../state/operator/keyed-state.ts'
import { checkChoice } from '../dstream/checks.ts'
import type { DStream } from '../dstream/dstream.ts'
import type { GraphBuilder } from '../dstream/graph-builder.ts'
import { narrowNode, operatorNode, outputNode, type OperatorNode } from '../dstream/plan-node.ts'
import { checkStream } from './checks.ts'

/** The key under which a model is stored. */
const KEY = 'model'

/** How a model of type M learns from examples of type E. */
export interface Learner<M, E> {
  /** What the operator is called, as in ids and errors. */
  readonly kind: string
  /** What decides the form of the model, in words: users see it when it has changed. */
  readonly layout: string
  /** The model before the first batch. */
  readonly initial: M
  /** Throws for what is no example: it is put aside. */
  readonly check: (example: E) => void
  /** The model after so many batches without examples. It may be the same object. */
  readonly rest: (model: M, batches: number) => M
  /** The model after a batch with one or more examples. */
  readonly learn: (model: M, examples: readonly E[], pause: Pause) => Promise<M>
}

/**
 * Settings of `predictOn` and `predictOnValues`.
 *
 * @example const options: PredictOptions = { model: 'before' }
 */
export interface PredictOptions {
  /**
   * `after`: with the model that has learned from this batch. `before`: with the model as it was
   * before this batch, to measure how well it predicts what it has not seen. Default: `after`.
   */
  readonly model?: 'after' | 'before'
}

/** What is stored: the model, and the batch after which it is like this. */
interface Stored<M> {
  readonly batchTimeMs: number
  readonly model: M
}

/** What a model has to do with the streams of one description of its pipeline. */
interface Registered<M, E> {
  readonly graph: GraphBuilder
  readonly models?: DStream<M>
  readonly learner?: Learner<M, E>
}

/**
 * The streams that one model learns from and predicts. A pipeline is described several times, also
 * in one process, and a model may be made outside of its description: each description has streams
 * of its own.
 */
export class ModelStreams<M extends AnyValue, E> {
  readonly #name: string
  readonly #registered = new WeakMap<GraphBuilder, Registered<M, E>>()
  #latest: Registered<M, E> | undefined
  #id: string | undefined

  /** `name`: the class, as users write it. */
  constructor(name: string) {
    this.#name = name
  }

  /** See `DStream.named`. */
  named(id: string): void {
    this.checkOpen('named()')
    this.#id = id
  }

  /** Settings come before streams: no stream would see them any more. */
  checkOpen(setting: string): void {
    if (this.#current === undefined) return
    throw this.#refused(
      `${setting} was called after trainOn() or a prediction`,
      'call it before: they take the settings as they are',
    )
  }

  /** Registers the stream that the model learns from. */
  train(stream: DStream<E>, learner: Learner<M, E>): void {
    const before = this.#registered.get(checkStream('trainOn', stream).graph)
    if (before?.models !== undefined)
      throw this.#refused('trainOn() was called twice', 'make one stream of both: a.union(b)')
    if (before !== undefined)
      throw this.#refused(
        'trainOn() was called after a prediction',
        "call trainOn() first; { model: 'before' } predicts with the model from before the batch",
      )
    const models = stream.to<M>(trainNode(stream, learner))
    if (this.#id !== undefined) models.named(this.#id)
    this.#register(stream, { models, learner })
    models.emit(outputNode('trainOn', models.node, {}, async () => undefined))
  }

  /** The model after each batch. */
  get models(): DStream<M> {
    const models = this.#current?.models
    if (models !== undefined) return models
    throw this.#refused('latestModel() was called before trainOn()', 'call trainOn() first')
  }

  /** What `apply` makes of each RDD of a stream with the model of its batch. */
  predict<T, U>(
    operation: string,
    stream: DStream<T>,
    { initial, apply }: Prediction<M, T, U>,
    { model = 'after' }: PredictOptions = {},
  ): DStream<U> {
    checkChoice(operation, 'model', model, ['after', 'before'])
    const { graph } = checkStream(operation, stream)
    const registered = this.#registered.get(graph) ?? this.#register(stream, {})
    const { models, learner } = registered
    if (models === undefined || learner === undefined)
      return stream.to(
        narrowNode(operation, stream.node, (rdd: RDD<never>) => apply(rdd as RDD<T>, initial)),
      )
    const slideMs = models.slideDuration.milliseconds
    const isBefore = model === 'before'
    return stream.to(
      operatorNode(
        operation,
        [stream.node, models.node],
        ([input], batch) => {
          if (input === undefined) return undefined
          const state = batch.stateOfParent<string, Stored<M>>(1, 0)
          const stored = isBefore ? firstOf(state.entries()) : state.get(KEY)
          const atMs = isBefore ? batch.timeMs - slideMs : batch.timeMs
          const modelAt = restingModel(learner, state, slideMs)
          return apply(input as RDD<T>, modelAt(stored, atMs))
        },
        { readsParentState: true, parameters: { model } },
      ),
    )
  }

  /** What belongs to the description that runs now. */
  get #current(): Registered<M, E> | undefined {
    return this.#latest?.graph.isFrozen === true ? undefined : this.#latest
  }

  #register({ graph }: DStream<unknown>, given: Omit<Registered<M, E>, 'graph'>): Registered<M, E> {
    const registered = { ...given, graph }
    this.#registered.set(graph, registered)
    this.#latest = registered
    return registered
  }

  #refused(problem: string, fix: string): MillraceError {
    return new MillraceError('ARGUMENT_INVALID', { problem: `${this.#name}: ${problem}`, fix })
  }
}

/** How an RDD is predicted. `initial`: the model when nothing is learned. */
interface Prediction<M, T, U> {
  readonly initial: M
  readonly apply: (rdd: RDD<T>, model: M) => RDD<U>
}

const firstOf = <M>(entries: Iterable<readonly [unknown, M]>): M | undefined => {
  for (const [, stored] of entries) return stored
  return undefined
}

/** A model, and how many batches without examples are in it since it was stored. */
interface Rested<M> {
  readonly batchTimeMs: number
  readonly batches: number
  readonly model: M
}

/**
 * Gives the model at a batch time, of what is stored. Batches without examples are not stored, so
 * that a pipeline can rest: what they do to the model is made up for here. It is the same whether
 * they have run or not. While examples are rare, each batch goes on from where the one before was.
 */
const restingModel = <M>(
  { initial, rest }: Learner<M, never>,
  state: KeyedState<string, Stored<M>>,
  slideMs: number,
): ((stored: Stored<M> | undefined, timeMs: number) => M) => {
  const memo = state.memo<{ last?: Rested<M> }>(() => ({}))
  return (stored, timeMs) => {
    if (stored === undefined) return initial
    const { batchTimeMs, model } = stored
    const batches = Math.floor((timeMs - batchTimeMs) / slideMs)
    if (batches <= 0) return model
    const upTo = (last: Rested<M>, wanted: number): Rested<M> =>
      wanted === last.batches
        ? last
        : { batchTimeMs, batches: wanted, model: rest(last.model, wanted - last.batches) }
    const { last } = memo
    const isUsable = last?.batchTimeMs === batchTimeMs && last.batches <= batches
    const from = isUsable ? last : { batchTimeMs, batches: 0, model }
    // A prediction with the model from before this batch wants one batch less.
    memo.last = upTo(from, Math.max(from.batches, batches - 1))
    return upTo(memo.last, batches).model
  }
}

const trainNode = <M, E>(stream: DStream<E>, learner: Learner<M, E>): OperatorNode => {
  const { kind, layout, check } = learner
  const slideMs = stream.slideDuration.milliseconds
  return operatorNode(
    kind,
    [stream.node],
    async ([input], batch) => {
      const { timeMs } = batch
      const state: KeyedState<string, Stored<M>> = batch.state(0)
      const put = (model: M, batchTimeMs: number): void => state.put(KEY, { batchTimeMs, model })
      if (!state.has(KEY)) put(learner.initial, timeMs - slideMs)
      const modelAt = restingModel(learner, state, slideMs)
      const rested = (atMs: number): M => modelAt(state.get(KEY), atMs)
      const examples = input === undefined ? [] : await examplesOf(input as RDD<E>, check)
      if (examples.length === 0) return rddOfElements([[rested(timeMs)]])
      const model = await learner.learn(rested(timeMs - slideMs), examples, batch.pause)
      put(model, timeMs)
      return rddOfElements([[model]])
    },
    { stateful: { partitions: 1, state: true, layout } },
  )
}

const examplesOf = async <E>(input: RDD<E>, check: (example: E) => void): Promise<readonly E[]> => {
  const pairs = input.checked(check).mapToPair((example) => [KEY, example])
  const [parts = []] = await orderedExchange(pairs as RDD<[unknown, unknown]>, 1).merged()
  return Array.from(pairsOfParts(parts), ([, example]) => example as E)
}
