/** `millrace dev` over many saves: the process that watches does not grow. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DevProject, SPLIT } from './dev-project.ts'

const SAVES = 30
const PAGE_BYTES = 4_096
const MIB = 1024 * 1024

/** The memory of a process on Linux. */
const residentBytes = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES

test.runIf(process.platform === 'linux')(
  `its memory is the same after ${SAVES} saves`,
  async () => {
    const project = new DevProject({})
    const pid = project.dev.child.pid as number
    await project.next()
    const bytes: number[] = []
    for (let save = 0; save < SAVES; save++) {
      const by = save % 2 === 0 ? 'line.toUpperCase().split' : 'line.split'
      project.save('split.ts', SPLIT.replace('line.split', by))
      expect(await project.next()).toContain('Since the save before:')
      bytes.push(residentBytes(pid))
    }
    const average = (some: readonly number[]): number =>
      some.reduce((sum, one) => sum + one, 0) / some.length
    const growth = average(bytes.slice(-5)) - average(bytes.slice(5, 10))
    expect(growth).toBeLessThan(8 * MIB)
  },
  600_000,
)
