/** Mistakes with an application that has run. */
import { type Mistake, pipeline } from './mistake.ts'

const run = 'millrace run words.ts --once --bind lines=in'
const totals = (settings?: string): string =>
  pipeline(
    'lines.countByValue().updateStateByKey((n, all = 0) => all + n.length).print()',
    settings,
  )

export const operating: readonly Mistake[] = [
  {
    mistake: 'The status of an application is asked for that never ran.',
    typed: 'millrace status --state .millrace/words',
    exitCode: 5,
    code: 'STORE_NOT_FOUND',
    says: ['.millrace/words'],
  },
  {
    mistake: 'The place of the state is forgotten.',
    typed: 'millrace status',
    exitCode: 2,
    code: 'USAGE',
    says: ['--state'],
  },
  {
    mistake: 'Another pipeline starts with the state of this one.',
    files: { 'other.ts': totals().replace(`'words'`, `'other'`) },
    before: run,
    typed: 'millrace run other.ts --once --bind lines=in --state .millrace/words',
    exitCode: 5,
    code: 'PLAN_INCOMPATIBLE',
    says: ['"words"', '"other"'],
  },
  {
    mistake: 'An operator with state is taken out.',
    files: { 'words.ts': totals(), 'new.ts': pipeline('lines.print()') },
    before: run,
    typed: 'mv new.ts words.ts; millrace run words.ts --once --bind lines=in',
    exitCode: 5,
    code: 'PLAN_INCOMPATIBLE',
    says: ['updateStateByKey', 'millrace reset'],
  },
  {
    mistake: 'The batch interval under a window is changed.',
    files: {
      'words.ts': pipeline('lines.window(seconds(4)).count().print()'),
      'new.ts': pipeline('lines.window(seconds(4)).count().print()', 'batchInterval: seconds(2)'),
    },
    before: run,
    typed: 'mv new.ts words.ts; millrace run words.ts --once --bind lines=in',
    exitCode: 5,
    code: 'PLAN_INCOMPATIBLE',
    says: ['window'],
  },
  {
    mistake: 'A batch is skipped, and none has failed.',
    before: run,
    typed: 'millrace skip --state .millrace/words',
    exitCode: 2,
    code: 'COMMAND_REFUSED',
    says: ['millrace status'],
  },
  {
    mistake: 'The state is thrown away without a question.',
    before: run,
    typed: 'millrace reset --state .millrace/words',
    exitCode: 2,
    code: 'USAGE',
    says: ['--yes'],
  },
  {
    mistake: 'A time is written in words.',
    before: run,
    typed: 'millrace redrive --state .millrace/words --since yesterday',
    exitCode: 2,
    code: 'USAGE',
    says: ['"yesterday"', '12h'],
  },
  {
    mistake: 'The name of a deployed application and a local one are both given.',
    typed: 'millrace status --app words --state .millrace/words',
    exitCode: 2,
    code: 'USAGE',
    says: ['--app words'],
  },
]
