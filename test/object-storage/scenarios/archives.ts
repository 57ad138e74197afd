import { batch, type Group, many, put, redrive, remove, restore, type Step } from '../scenario.ts'
import { notOnEmulator, onlyBuckets } from './reasons.ts'

const except = onlyBuckets('files are in no archive')
const archived = (key: string): Step => put(key, { isArchived: true, says: 'in Glacier' })

const KEYS = Array.from({ length: 30 }, (_, index) => `in/old-${index}`)
const thirty: Step = many('30 objects come, in Glacier', KEYS.map(archived))

export const archives: Group = {
  title: 'Archived',
  scenarios: [
    {
      name: 'in Glacier',
      steps: [archived('in/a'), put('in/b'), batch],
      expected: 'b; dead letter OBJECT_ARCHIVED',
      except,
    },
    {
      name: 'in Glacier, restored and redriven',
      steps: [archived('in/a'), batch, restore('in/a'), batch, redrive, batch],
      expected: 'a',
      except: { ...except, ...notOnEmulator('a restore never ends there') },
    },
    {
      name: 'in Glacier, redriven before it is restored',
      steps: [archived('in/a'), batch, redrive, batch],
      expected: 'nothing; dead letter OBJECT_ARCHIVED',
      except,
    },
    {
      name: 'in Glacier, deleted, and redriven',
      steps: [archived('in/a'), batch, remove('in/a'), redrive, batch],
      expected: {
        bucket: 'nothing; dead letter OBJECT_GONE',
        versions: 'nothing; dead letter OBJECT_ARCHIVED',
      },
      except,
    },
    {
      name: 'a bucket full of archived objects',
      steps: [thirty, put('in/a'), batch],
      expected: `a; dead letter OBJECT_ARCHIVED ×30`,
      except,
    },
  ],
}
