import { batch, deliver, type Group, pass, put, remove, write } from '../scenario.ts'
import { NO_EVENTS, onlyBuckets } from './reasons.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const WEEK = 7 * 24 * HOUR
const except = onlyBuckets(NO_EVENTS)
const two = [put('in/a'), put('in/b'), batch]

export const events: Group = {
  title: 'Notifications',
  scenarios: [
    {
      name: 'twice',
      steps: [deliver('twice'), ...two],
      expected: 'a, b',
      except,
    },
    {
      name: 'in another order',
      steps: [
        deliver('in reverse order'),
        write('in/a', 'one'),
        write('in/a', 'two'),
        put('in/b'),
        remove('in/b'),
        batch,
      ],
      expected: { bucket: 'two; says: `b`: it no longer exists', versions: 'b, one, two' },
      except,
    },
    {
      name: 'a minute late',
      steps: [deliver('later'), put('in/a'), pass(MINUTE), deliver('once'), batch],
      expected: 'a',
      except,
    },
    {
      name: 'a week late, after a listing has found the object',
      steps: [deliver('later'), put('in/a'), pass(16 * MINUTE), pass(WEEK), deliver('once'), batch],
      expected: 'a',
      except,
    },
    {
      name: 'lost in the first minutes',
      steps: [deliver('never'), ...two, pass(16 * MINUTE)],
      expected: 'a, b',
      except,
    },
    {
      name: 'lost later',
      steps: [pass(16 * MINUTE), deliver('never'), ...two, pass(2 * HOUR)],
      expected: 'a, b',
      except,
    },
    {
      name: "lost later, `listEvery: 'never'`",
      options: { listEvery: 'never' },
      steps: [pass(16 * MINUTE), deliver('never'), ...two, pass(2 * HOUR), pass(WEEK)],
      expected: 'nothing',
      except,
    },
    {
      name: 'malformed',
      steps: [deliver('beside malformed ones'), ...two],
      expected: 'a, b; says: a message is refused: EVENT_INVALID',
      except,
    },
    {
      name: 'in envelopes of SNS',
      steps: [deliver('wrapped by SNS'), put('in/a b+ä'), batch],
      expected: 'a b+ä',
      except,
    },
    {
      name: 'in the form of EventBridge',
      steps: [deliver('through EventBridge'), put('in/a b+ä'), batch],
      expected: 'a b+ä',
      except,
    },
  ],
}
