import { createHmac } from 'node:crypto'
import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'
import webhooks from '../../examples/webhooks.ts'
import { freePort } from '../ports.ts'
import { startMillrace, temporaryDirectory } from '../process/millrace.ts'
import { examples } from './run.ts'

const SECRET = 'It is a secret to everybody'
// Not as JSON.stringify would write it: the signature is of these bytes.
const BODY = '{ "repository": {"full_name":"mill/räce"},\n "zen": "\\u0041" }'

const signed = (body: string, secret = SECRET): Record<string, string> => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  'x-github-event': 'push',
})

test('on a laptop, signed requests count once, and others are refused', async () => {
  const url = `http://127.0.0.1:${await freePort()}/github`
  process.env['GITHUB_SECRET'] = SECRET
  const module = `${examples}/webhooks.ts`
  const bound = ['--bind', `github=${url}`, '--state', 'state']
  const running = startMillrace(temporaryDirectory(), 'run', module, ...bound)
  await running.untilError((stderr) => stderr.includes('takes requests'))
  const post = async (headers: Record<string, string>, body = BODY): Promise<number> =>
    (await fetch(`${url}?source=github`, { method: 'POST', body, headers })).status

  expect(await post({ ...signed(BODY), 'x-github-delivery': '1' })).toBe(202)
  expect(await post({ ...signed(BODY), 'x-github-delivery': '1' })).toBe(202)
  expect(await post({ ...signed(BODY), 'x-github-delivery': '2' })).toBe(202)
  expect(await post(signed(BODY, 'another secret'))).toBe(401)
  expect(await post(signed(`${BODY} `))).toBe(401)
  expect(await post({ authorization: `Bearer ${SECRET}` })).toBe(401)
  await running.until((stdout) => stdout.includes('(mill/räce push,2)'))
  const { exitCode, stdout } = await running.signal('SIGTERM')
  expect(exitCode).toBe(0)
  expect(stdout).toContain('(mill/räce push,2)')
  expect(stdout).not.toContain('push,3)')
})

test('in a test, nothing is verified: it says what has come', async () => {
  const app = await testStream(webhooks)
  const headers = { 'x-github-event': 'issues' }
  app.input('github').add({ body: BODY, headers }, { body: BODY, headers, key: '1' }, 'no JSON')
  await app.advance(seconds(1))
  expect(app.output('print-1').elements.flat()).toEqual([['mill/räce issues', 2]])
  expect((await app.deadLetters()).length).toBe(1)
})
