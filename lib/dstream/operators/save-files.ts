/** What `saveAsTextFiles`, `saveAsObjectFiles` and `saveAsFiles` have in common. */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import { decode, encode } from '../../base/codec.ts'
import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Format } from '../../formats/format.ts'
import { type RDD, rddOfElements } from '../../rdd/rdd.ts'
import { writeChecked, writeWhole } from '../../rdd/write-checked.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'
import type { Panes } from '../../state/operator/panes.ts'
import { checkDurationMs, checkText } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { outputPath } from '../output-path.ts'
import { type BatchView, operatorNode, type OperatorNode, outputNode } from '../plan-node.ts'
import { periodEndMs, ROLL_BYTES_DEFAULT, rollAt, rollId, type RollRule } from '../rolls.ts'

/**
 * How the batches of an output become files. Without options, each batch has its own directory.
 *
 * @example
 * ```ts
 * const options: FileOptions = { every: minutes(5), maxBytes: 128 * 1024 * 1024 }
 * ```
 */
export interface FileOptions {
  /**
   * Collects all batches of a period, and writes them as one file when the period is over: a
   * multiple of the time between two RDDs of the stream. Periods are counted from the epoch in UTC,
   * so five minutes end at :00, :05, :10 and so on. Default: each batch is written by itself.
   */
  readonly every?: Duration
  /**
   * With `every`: a file is written earlier when it would grow beyond so many bytes. A file has
   * more only if one batch alone has more. From 1 byte to 512 MiB. Default 64 MiB.
   */
  readonly maxBytes?: number
  /**
   * Whether a batch without elements writes nothing. Default false, as in Spark. With `every` only
   * what has elements is written, whatever this says.
   */
  readonly skipEmpty?: boolean
}

const ROLL_BYTES_MAX = 512 * 1024 * 1024

/** What the operations pass. */
interface SavedFiles {
  readonly operation: string
  readonly format: Format
  /** Loads what the format needs. */
  readonly prepare?: (() => Promise<void>) | undefined
  /**
   * Whether the bytes of files of the format, one after the other, are such a file again. Then a
   * part without elements is a file too. Default: true.
   */
  readonly joins?: boolean
  /** In which the elements of several batches are written. Default: `format`. */
  readonly rolledFormat?: Format
  /** Whether what the format gives are bundles of files. See `WriteTarget`. */
  readonly spread?: boolean
  readonly prefix: string
  readonly suffix: string | FileOptions | undefined
  readonly options: FileOptions | undefined
}

/** Adds an output that writes files in a format. */
export const saveFiles = <T>(
  stream: DStream<T>,
  { operation, format, prepare, joins = true, spread = false, ...given }: SavedFiles,
): void => {
  const { prefix, suffix: second = '', options: third } = given
  const [suffix, options = {}] =
    typeof second === 'object' && second !== null ? ['', second] : [second, third]
  checkText(operation, prefix, 'a prefix')
  checkText(operation, suffix, 'a suffix')
  const rule = ruleOf(operation, stream, checkOptions(operation, options))
  const { skipEmpty = spread } = options
  const placeAt = (timeMs: number): string => (spread ? prefix : outputPath(prefix, suffix, timeMs))
  const kind = spread ? { spread } : {}
  const targetAt = (timeMs: number, of: Format): WriteTarget => ({
    place: placeAt(timeMs),
    format: of,
    ...kind,
  })
  const places = { writesTo: prefix, placeAt }
  if (rule !== undefined) {
    const rolled = stream.to<Uint8Array>(rolledNode(stream, { format, prepare, joins }, rule))
    const pieces = joins ? joined : joinedBy(given.rolledFormat ?? format)
    const write = async (input: RDD<unknown>, batch: WritingBatch): Promise<void> => {
      await prepare?.()
      const target = { ...targetAt(batch.timeMs, pieces), readAs: given.rolledFormat ?? format }
      await batch.write(target, await input.partitions())
    }
    rolled.emit(
      outputNode(operation, rolled.node, { prefix, suffix, ...kind, ...rule }, write, places),
    )
    rolled.named(rollId(placeAt(0)))
    return
  }
  const parameters = { prefix, suffix, ...kind, ...(skipEmpty ? { skipEmpty } : {}) }
  const write = async (input: RDD<unknown>, batch: WritingBatch): Promise<void> => {
    await prepare?.()
    const target = targetAt(batch.timeMs, format)
    if (joins || spread) return writeChecked(input, target, batch.write, { skipEmpty })
    // A part without elements would be a file without columns, which readers refuse.
    await writeWhole(input, target, async (_, partitions) => {
      const filled = partitions.filter((elements) => elements.length > 0)
      if (!skipEmpty || filled.length > 0) await batch.write(target, filled)
    })
  }
  stream.emit(outputNode(operation, stream.node, parameters, write, places))
}

type WritingBatch = Parameters<Parameters<typeof outputNode>[3]>[1]

/** The elements are pieces of a file. */
const joined: Format = {
  name: 'pieces of a file',
  isSplittable: false,
  encode: (pieces) => Buffer.concat(pieces as readonly Uint8Array[]),
  decode: (bytes) => ({ elements: [bytes], rejected: [] }),
}

/** The elements are pieces of a file, each with its elements in the codec of the store. */
const joinedBy = (format: Format): Format => ({
  ...joined,
  name: `pieces of ${format.name}`,
  encode: (pieces) =>
    format.encode(pieces.flatMap((piece) => decode(piece as Uint8Array) as readonly unknown[])),
})

/**
 * Elements in the codec of the store. They are encoded in their own format as well, so that one
 * that does not fit is known before it waits.
 */
const waitingFor = (format: Format): Format => ({
  ...joined,
  name: `elements for ${format.name}`,
  encode: (elements) => {
    if (elements.length === 0) return new Uint8Array()
    format.encode(elements)
    return encode(elements)
  },
})

/** A pane: the bytes of the roll so far, with those of this batch, and the bytes of this batch. */
type Pane = readonly [rollBytes: number, bytes: Uint8Array]

/**
 * Keeps the bytes of each batch as a pane, until its roll closes. Then it gives the pieces of the
 * file. What is written follows from stored panes alone, and they are dropped by the same commit
 * that makes the file true (B5).
 */
const rolledNode = (
  stream: Pick<DStream<unknown>, 'node' | 'slideDuration'>,
  { format, prepare, joins }: Pick<SavedFiles, 'format' | 'prepare' | 'joins'>,
  rule: RollRule,
): OperatorNode => {
  const held = joins === true ? format : waitingFor(format)
  return operatorNode(
    'rolled',
    [stream.node],
    async ([input], batch) => {
      await prepare?.()
      const panes = batch.panes<Pane>(0)
      const own = input === undefined ? new Uint8Array() : await encoded(input, held)
      const times = [...panes.times]
      const newestMs = times.at(-1)
      const [bytes] = newestMs === undefined ? [0] : await panes.read(newestMs)
      const step = rollAt(rule, batch.timeMs, { times, bytes }, own.length)
      const files = await piecesOf(panes, step.closed, batch.timeMs, own)
      const isOpen = step.waiting.times.at(-1) === batch.timeMs
      panes.dropBefore(step.waiting.times[0] ?? batch.timeMs)
      if (isOpen) panes.put([step.waiting.bytes, own] satisfies Pane, true)
      batch.timer.setDue(dueMs(step.waiting.times, rule, batch, stream.slideDuration))
      return files.length === 0 ? undefined : rddOfElements(files)
    },
    {
      stateful: { partitions: 1, panes: true, panesWait: true, layout: `files of ${held.name}` },
      parameters: { ...rule, format: format.name },
    },
  )
}

const encoded = async (input: RDD<unknown>, format: Format): Promise<Uint8Array> => {
  let bytes: Uint8Array = new Uint8Array()
  await writeWhole(input, { place: '', format }, async (_, partitions) => {
    bytes = format.encode(partitions.length === 1 ? (partitions[0] ?? []) : partitions.flat(1))
  })
  return bytes
}

const piecesOf = async (
  panes: Panes<Pane>,
  closed: readonly (readonly number[])[],
  nowMs: number,
  own: Uint8Array,
): Promise<readonly (readonly Uint8Array[])[]> => {
  await panes.fetch(closed.flat().filter((timeMs) => timeMs !== nowMs))
  const pieces: Uint8Array[][] = []
  for (const times of closed) {
    const file: Uint8Array[] = []
    for (const timeMs of times) file.push(timeMs === nowMs ? own : (await panes.read(timeMs))[1])
    pieces.push(file)
  }
  return pieces
}

/** The first time at or after the end of the period at which this output runs. */
const dueMs = (
  [firstMs]: readonly number[],
  { everyMs }: RollRule,
  { zeroMs }: Pick<BatchView, 'zeroMs'>,
  { milliseconds: slideMs }: Duration,
): number | undefined =>
  firstMs === undefined
    ? undefined
    : gridTimeAtOrAfter(periodEndMs(firstMs, everyMs), zeroMs, slideMs)

const checkOptions = (operation: string, options: FileOptions): FileOptions => {
  if (typeof options === 'object' && options !== null) return options
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs options that are an object`,
    value: options,
    fix: 'for example { every: minutes(5) }, or leave them out',
  })
}

const ruleOf = (
  operation: string,
  { slideDuration: { milliseconds: slideMs } }: Pick<DStream<unknown>, 'slideDuration'>,
  { every, maxBytes = ROLL_BYTES_DEFAULT, ...given }: FileOptions,
): RollRule | undefined => {
  if (every === undefined) {
    if (maxBytes === ROLL_BYTES_DEFAULT) return undefined
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operation}() needs a period for files that are limited in bytes`,
      value: { maxBytes },
      fix: 'add one, so that the last records do not wait for ever: every: minutes(5)',
    })
  }
  const everyMs = checkDurationMs(`${operation}() every`, every)
  if (everyMs % slideMs !== 0)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operation}() needs a period that is a multiple of the time between two RDDs`,
      value: `${everyMs} ms, over RDDs that come every ${slideMs} ms`,
      allowed: `${slideMs} ms, ${2 * slideMs} ms, and so on`,
      fix: 'round the period, or change the batch interval',
    })
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1 || maxBytes > ROLL_BYTES_MAX)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operation}() does not allow this value of maxBytes`,
      value: maxBytes,
      allowed: `a whole number from 1 to ${ROLL_BYTES_MAX}`,
    })
  if (given.skipEmpty === false)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operation}() writes no empty files when it collects batches`,
      value: { skipEmpty: false },
      fix: 'leave out skipEmpty',
    })
  return { everyMs, maxBytes }
}
