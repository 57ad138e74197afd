import type { RuntimeEvent } from '../../runtime/events.ts'
import type { Item, ItemKey } from '../../ports/item-store.ts'
import type { Head } from '../../state/head.ts'
import { BEGINNING } from '../../state/lane-entries.ts'
import { laneFromItem } from '../../state/lanes.ts'
import { isKeptTask } from './checkers/garbage-checker.ts'
import { isOperation } from './checkers/lease-checker.ts'
import type { Mirror } from './checkers/mirror.ts'
import type { Environment } from './environment.ts'
import type { StoreWrite } from './ports/observer.ts'
import type { Sightings } from './sightings.ts'
import type { World } from './world.ts'

/**
 * Recognises, by the writes of the store, which recoveries from a fault took place. It checks
 * nothing.
 */
export class Recoveries {
  readonly #sightings: Sightings
  readonly #mirror: Mirror
  readonly #world: World
  readonly #intervalMs: number
  /** The process that first logged the batch. */
  #starter: Environment | undefined

  constructor(sightings: Sightings, mirror: Mirror, world: World, intervalMs: number) {
    this.#sightings = sightings
    this.#mirror = mirror
    this.#world = world
    this.#intervalMs = intervalMs
  }

  stored({ key, before, after, environment }: StoreWrite): void {
    if (environment === undefined) return this.#sightings.see('an item expired')
    if (key.partition.includes('#seg#') && after === undefined && before !== undefined)
      this.#sightings.see('garbage deleted')
    if (key.partition.includes('#seg#@batch') && after !== undefined)
      this.#sightings.see(isKeptTask(key) ? 'tasks kept' : 'an input too large for the head')
    if (key.partition.includes('#dlq#') && after !== undefined)
      this.#sightings.see('a record put aside')
    if (key.partition.includes('#in#') && after !== undefined)
      this.#laneWritten(key.sort, before, after)
  }

  #laneWritten(
    sort: string,
    before: StoreWrite['before'],
    after: NonNullable<StoreWrite['after']>,
  ): void {
    const [source = '', lane = ''] = sort.split('#')
    const was = before && laneFromItem(source, lane, before)
    const is = laneFromItem(source, lane, after)
    const known = new Set(was?.pages.map(({ ref }) => ref.by))
    for (const { ref, level } of is.pages)
      if (!known.has(ref.by))
        this.#sightings.see(level === 0 ? 'entries moved to a page' : 'pages moved to a page')
    const last = was?.entries.at(-1)
    if (
      last !== undefined &&
      is.entries.some(({ first, last: end }) => first === last.first && end !== last.last)
    )
      this.#sightings.see('entries coalesced')
  }

  headWritten(before: Head, after: Head, environment: Environment): void {
    const see = this.#sightings.see.bind(this.#sightings)
    if (after.generation > before.generation) see('a head adopted')
    if (after.status === 'rest') see('a rest')
    if (
      before.status === 'rest' &&
      after.status === 'running' &&
      after.generation === before.generation
    )
      see(environment.name.startsWith('intake') ? 'a wake by intake' : 'a wake by the driver')
    if (isOperation(before, after)) return
    if (after.epoch > before.epoch) this.#logged(before, environment)
    if (after.doneMs > before.doneMs) this.#committed(before, after, environment)
  }

  #logged(before: Head, environment: Environment): void {
    const see = this.#sightings.see.bind(this.#sightings)
    if (before.logged !== undefined) {
      see('a batch tried again')
      if (environment !== this.#starter) see('a batch tried again by a cold process')
    }
    if (before.owner !== undefined && before.leaseEndMs <= this.#world.clockMs)
      see('an expired lease taken')
    if (before.logged === undefined) this.#starter = environment
  }

  #committed(before: Head, after: Head, environment: Environment): void {
    const see = this.#sightings.see.bind(this.#sightings)
    if (after.doneMs > before.doneMs + this.#intervalMs) see('batch times skipped by a rest')
    const { kept } = before.logged ?? {}
    if (kept !== undefined)
      see(
        kept.generation === environment.generation
          ? 'a batch committed with tasks that were kept'
          : 'a batch committed without tasks that earlier code had kept',
      )
    if (this.#starter !== undefined && this.#starter.generation !== environment.generation)
      see('a batch logged by one generation and committed by another')
    const [was, is] = [
      this.#mirror.manifest(before.manifest),
      this.#mirror.manifest(after.manifest),
    ]
    for (const [node, { partitions }] of Object.entries(is?.states ?? {})) {
      const shorter = partitions.some(
        ({ count }, part) => count < (was?.states[node]?.partitions[part]?.count ?? 0),
      )
      if (shorter) see('the deltas of a state merged')
      if (partitions.some(({ large }) => large > 1)) see('a merge beside batches named')
      if (partitions.some(({ pages }) => pages.length > 0)) see('a page of segments')
    }
  }

  read({ partition }: ItemKey, item: Item | undefined): void {
    if (partition.includes('#seg#') && item === undefined)
      this.#sightings.see('a segment not found by a process that read an old head')
    if (partition.includes('#obj#') && item !== undefined)
      this.#sightings.see('a notification of an object already taken')
  }

  /**
   * A refused write either shows its writer that another process was faster, or is the writer's own
   * success whose answer was lost.
   */
  refused({ key, after, environment }: Omit<StoreWrite, 'before'>): void {
    const see = this.#sightings.see.bind(this.#sightings)
    if (key.partition.includes('#in#')) {
      const [source = '', lane = ''] = key.sort.split('#')
      const tail = this.#mirror
        .lanes()
        .find((found) => found.source === source && found.lane === lane)
      return see(
        tail?.by === after?.['by']
          ? 'a lost answer recognised by its attempt id'
          : 'an append overtaken',
      )
    }
    const head = this.#mirror.head()
    if (head === undefined || !key.partition.endsWith('#head') || environment === undefined) return
    const isLog = typeof after?.['owner'] === 'string'
    const isOwn = isLog
      ? head.owner === after['owner']
      : head.manifest?.by !== undefined && after?.['manifest'] === JSON.stringify(head.manifest)
    if (isOwn) return see('a lost answer recognised by its attempt id')
    if (isLog) return see('a log refused')
    if (after?.['next'] === undefined && Number(after?.['doneMs'] ?? BEGINNING) > 0)
      see('a commit refused')
    if (head.epoch > Number(after?.['epoch'])) see('a zombie back after its lease')
  }

  /** An event that a process reports. */
  heard(event: RuntimeEvent): void {
    if (event.event === 'adopted' && event.carriedOver.length > 0)
      this.#sightings.see('state carried over')
    if (event.event === 'warning' && event.message.includes('read again from their source'))
      this.#sightings.see('a lost block read again from its shard')
    if (event.event === 'warning' && event.code === 'CLOCK_BEHIND')
      this.#sightings.see('batches that go on behind their clock')
    if (
      event.event === 'batchFailed' &&
      event.message.includes('of a batch that has begun are lost')
    )
      this.#sightings.see('a block found lost while its batch ran')
    if (event.event === 'warning' && event.code === 'EXECUTOR_LOST')
      this.#sightings.see('a task of a lost executor')
    if (event.event === 'warning' && event.code === 'EXECUTOR_REFUSED')
      this.#sightings.see('a task refused by an executor')
    if (event.event === 'handedOn') this.#sightings.see('a batch handed on')
    if (event.event === 'dataLost') this.#sightings.see('a batch run without lost records')
    if (event.event === 'objectSkipped' && event.reason.includes('missing'))
      this.#sightings.see('an object missing')
    if (event.event === 'objectSkipped' && event.reason.includes('not there'))
      this.#sightings.see('an object missing')
    if (event.event === 'objectSkipped' && event.reason.includes('replaced'))
      this.#sightings.see('an object replaced')
  }
}
