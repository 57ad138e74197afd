/**
 * A directory that is a source. Files arrive at any moment: written now, moved in with an old time,
 * with a time in the future, or over a file that is there.
 */
import { memoryObjects, type MemoryObjects } from '../../../adapters/memory/memory-objects.ts'
import type { Random } from '../../random.ts'

/** A file as it arrived, and its later state. */
export interface ArrivedFile {
  readonly key: string
  readonly lines: readonly string[]
  readonly modifiedMs: number
  readonly arrivedMs: number
  /** Whether it arrived under a path that was there before. */
  readonly isOver: boolean
  /** A later file has its path. */
  hidden: boolean
}

/** Later than this, Spark's batches may leave a file out. */
const LATE_MS = 60_000

export class SimulatedDirectory {
  readonly name: string
  readonly objects: MemoryObjects
  readonly files: ArrivedFile[] = []

  constructor(name: string) {
    this.name = name
    this.objects = memoryObjects({ name })
  }

  /** A file arrives. */
  arrive(random: Random, lines: readonly string[], nowMs: number): void {
    const isOver = this.files.length > 0 && random.chance(0.15)
    const key = isOver ? random.pick(this.files).key : `file-${this.files.length}`
    const byMs = random.pick([
      0,
      0,
      random.between(0, 10_000),
      random.between(LATE_MS, 4 * LATE_MS),
      -random.between(1, 15_000),
    ])
    // Two files under a path have different times: nothing else tells them apart.
    const last = this.files.findLast((file) => file.key === key)?.modifiedMs ?? -Infinity
    const modifiedMs = Math.max(nowMs - byMs, last + 1)
    for (const file of this.files) if (file.key === key) file.hidden = true
    this.objects.write(key, Buffer.from(lines.map((line) => `${line}\n`).join('')), modifiedMs)
    this.files.push({ key, lines, modifiedMs, arrivedMs: nowMs, isOver, hidden: false })
  }

  /** The file that arrived under a path with a time. */
  find(key: string, modifiedMs: number): ArrivedFile | undefined {
    return this.files.find((file) => file.key === key && file.modifiedMs === modifiedMs)
  }
}
