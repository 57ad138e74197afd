import { expect } from 'vitest'
import { clicksOf } from '../totals.ts'
import { sayCounts } from '../world.ts'
import type { Step } from './step.ts'

const OBJECTS = 50
const LINES = 20
/** Names that a notification encodes, or that look encoded. */
const ODD_NAMES = [
  'in/a space',
  'in/a+plus',
  'in/100%',
  'in/a%2Bb',
  'in/ä €/日本語 😀',
  'in/a&b=c?d',
  'in/it is (*)!',
]
const names = Array.from(
  { length: OBJECTS },
  (_, index) => ODD_NAMES[index] ?? `in/object-${index}`,
)

export const objectSteps: readonly Step[] = [
  {
    name:
      'objects of a bucket count once for each version, and not at all when they were deleted ' +
      'before they were read',
    async run(world) {
      const { clicks, model, gates } = world
      // No object is read before all are there, and some are gone again.
      const open = gates.driver.close()
      for (const [index, name] of names.entries()) {
        const lines = clicksOf(`object-${index}`, LINES)
        model.add(lines)
        await clicks.putObject(name, lines)
      }
      const again = clicksOf('overwritten', LINES)
      model.add(again)
      await clicks.putObject('in/object-40', again)
      const hidden = clicksOf('hidden', LINES)
      model.add(hidden)
      await clicks.putObject('in/hidden', hidden)
      await clicks.deleteObject('in/hidden')
      await clicks.deleteObject(
        'in/gone',
        await clicks.putObject('in/gone', clicksOf('gone', LINES)),
      )
      open()
      const counts = await world.settled({ hurry: false })
      expect(counts).toEqual({ counted: model.size, lost: 0, twice: 0 })
      return (
        `${OBJECTS} objects, 1 overwritten (2 versions), 1 behind a delete marker (its ` +
        'version counts), 1 deleted for good (0 lines): ' +
        sayCounts(counts)
      )
    },
  },
]
