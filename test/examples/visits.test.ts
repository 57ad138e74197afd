import { join } from 'node:path'
import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'
import visits from '../../examples/visits.ts'
import { startMillrace, temporaryDirectory } from '../process/millrace.ts'
import { freePort } from '../ports.ts'

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'visits.ts')

test('on a laptop, a request brings visits, and counts once', async () => {
  const url = `http://127.0.0.1:${await freePort()}/visits`
  const bound = ['--bind', `visits=${url}`, '--state', 'state']
  const running = startMillrace(temporaryDirectory(), 'run', EXAMPLE, ...bound)
  await running.untilError((stderr) => stderr.includes('takes requests'))
  for (let repeats = 0; repeats < 3; repeats++) {
    const headers = { 'idempotency-key': '1' }
    const answer = await fetch(url, { method: 'POST', body: '/home\n/shop\n/home', headers })
    expect([answer.status, await answer.json()]).toEqual([202, { records: 3 }])
  }
  const printed = await running.until((stdout) => stdout.includes('(/shop,1)'))
  expect(printed).toContain('(/home,2)')
  expect(await running.signal('SIGTERM')).toMatchObject({ exitCode: 0 })
})

test('in a test, nobody listens: a text is the body of a request', async () => {
  const app = await testStream(visits)
  const repeated = { body: '/home\n/shop', key: '1' }
  app.input('visits').add('/home', repeated, repeated)
  await app.advance(seconds(1))
  expect(app.output('print-1').batches.at(-1)?.printed).toContain('(/home,2)')
})
