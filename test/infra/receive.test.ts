/** Sources that millrace receive feeds: what the construct makes of them, and what it refuses. */
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { describe, expect, test } from 'vitest'
import { parseDeployedSource } from '../../lib/runtime/sources/deployed.ts'
import { synthesise, variablesOf } from './stacks.ts'

describe('a source that is fed from outside', () => {
  test.each([
    ['a socket, by its name', 'socket', 'localhost:9999'],
    ['topics of MQTT', 'rooms', 'rooms'],
    ['messages of MQTT with their topics', 'alarms', 'alarms/#'],
    ['a receiver, by its id', 'receiver', 'receiverStream-1'],
    ['a stream of text, which is not created then', 'clicks', 'clicks'],
  ])('%s', (_, module, name) => {
    const { template, app } = synthesise(module, () => ({ receive: [name] }))
    const { MILLRACE_SOURCES = '{}' } = variablesOf(template, 'driver')
    const [stored] = Object.values(JSON.parse(String(MILLRACE_SOURCES)) as Record<string, unknown>)
    expect(stored).toEqual({ kind: 'fed' })
    expect(parseDeployedSource(stored)).toEqual({ kind: 'fed' })
    expect(app.mappings).toEqual([])
    expect(Object.keys(app.streams)).toEqual([])
    const parameters = JSON.stringify(template.findResources('AWS::SSM::Parameter'))
    expect(parameters).toContain('fed')
  })

  test('an application without one says nothing of it', () => {
    const { template } = synthesise('clicks')
    expect(JSON.stringify(template.findResources('AWS::SSM::Parameter'))).not.toContain('fed')
  })

  test.each([
    ['a name that nothing has', 'clicks', 'cliks', 'BINDING_UNKNOWN', '"cliks"'],
    ['a queue in memory', 'in-memory', 'queueStream-1', 'BINDING_UNFIT', 'queueStream-1'],
    ['records of a stream', 'records', 'clicks', 'BINDING_UNFIT', 'Kinesis records'],
    ['requests, which have a way of their own', 'posts', 'clicks', 'BINDING_UNFIT', 'clicks'],
  ])('%s is refused', (_, module, name, code, says) => {
    const act = (): unknown => synthesise(module, () => ({ receive: [name] }))
    expect(act).toThrow(expect.objectContaining({ code }))
    expect(act).toThrow(says)
  })

  test('one that is bound too is refused', () => {
    expect(() =>
      synthesise('clicks', (stack) => ({
        bindings: { clicks: new Stream(stack, 'Clicks') },
        receive: ['clicks'],
      })),
    ).toThrow(expect.objectContaining({ code: 'BINDING_UNFIT' }))
  })
})
