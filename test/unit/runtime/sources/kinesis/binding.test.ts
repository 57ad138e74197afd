import { describe, expect, test } from 'vitest'
import '../../../../../lib/sinks/kinesis/kind.ts'
import '../../../../../lib/runtime/sources/kinesis/local.ts'
import { kinesis } from 'millrace/kinesis'
import { seconds, stream } from 'millrace'
import { type BoundPlan, bindPlan } from '../../../../../lib/runtime/bindings.ts'

const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'

const plan = stream('app', { batchInterval: seconds(1) }, (ssc) => {
  ssc.kinesisTextStream('clicks').saveTo(kinesis('out'))
}).build()

const bound = (...bindings: readonly string[]): BoundPlan =>
  bindPlan(plan, {
    bindings,
    cwd: '/data',
    sources: { kinesisShards: () => Promise.reject(new Error('not now')) },
    sinks: { connections: { clock: { now: () => 0, sleep: async () => undefined } } },
  })

const location = (uri: string): unknown =>
  bound(`clicks=${uri}`, 'out=kinesis:out').sources.get('kinesisTextStream-1')

describe('a source is bound to a stream', () => {
  test.each([
    ['kinesis://clicks', { stream: 'clicks' }],
    ['kinesis:clicks', { stream: 'clicks' }],
    [`kinesis:${ARN}`, { stream: ARN }],
    [`kinesis://${ARN}?start=latest`, { stream: ARN, start: 'latest' }],
    ['kinesis://clicks?start=oldest', { stream: 'clicks', start: 'oldest' }],
    ['kinesis://clicks?start=2026-01-31T10:00Z', { stream: 'clicks', start: 1_769_853_600_000 }],
    ['kinesis://clicks?start=2026-01-31', { stream: 'clicks', start: 1_769_817_600_000 }],
  ])('by %s', (uri, found) => {
    expect(location(uri)).toEqual({ kind: 'kinesis', ...found })
  })

  test.each([
    'kinesis://',
    'kinesis://a b',
    'kinesis://clicks/more',
    'kinesis://clicks?start=',
    'kinesis://clicks?start=soon',
    'kinesis://clicks?start=5',
    'kinesis://clicks?from=latest',
  ])('and not by %s', (uri) => {
    expect(() => location(uri)).toThrow(expect.objectContaining({ code: 'BINDING_INVALID' }))
  })

  test('and an output too, by the same words', () => {
    for (const uri of ['kinesis:counts', 'kinesis://counts', `kinesis:${ARN}`])
      expect(
        bound('clicks=kinesis://clicks', `out=${uri}`).locateOutput('kinesis://out/records'),
      ).toMatchObject({ kind: 'kinesis-output', stream: uri.replace(/^kinesis:(\/\/)?/, '') })
  })

  test('which has no start', () => {
    expect(() => bound('clicks=kinesis://clicks', 'out=kinesis://counts?start=latest')).toThrow(
      expect.objectContaining({ code: 'BINDING_INVALID' }),
    )
  })

  test('and without a binding the message says how', () => {
    expect(() => bound('out=kinesis:out')).toThrow('--bind clicks=kinesis://clicks')
  })
})
