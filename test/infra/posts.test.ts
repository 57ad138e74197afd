import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, test } from 'vitest'
import type { GivenBindings } from '../../infra/bindable.ts'
import { locationsOf, statementsOf, synthesise, textOf } from './stacks.ts'

const signed = synthesise('posts')
const secret = synthesise('posts', (stack) => {
  const mine = new Secret(stack, 'Mine', { encryptionKey: new Key(stack, 'SecretKey') })
  return { bindings: { clicks: mine, visits: mine } }
})

/** Who may call a function through its URL, by the template. */
const callersOf = ({ template }: typeof signed): readonly string[] =>
  Object.values(template.findResources('AWS::Lambda::Permission'))
    .map(({ Properties }) => Properties as { readonly Principal: string; readonly Action: string })
    .filter(({ Action }) => Action.startsWith('lambda:'))
    .map(({ Principal, Action }) => `${Principal} ${Action}`)

describe('requests', () => {
  test('come to one URL of intake, and are signed', () => {
    signed.template.resourceCountIs('AWS::Lambda::Url', 1)
    signed.template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM' })
    expect(callersOf(signed)).toEqual([])
    expect(locationsOf(signed.template, 'MILLRACE_SOURCES')).toEqual({
      'httpPosts-1': { kind: 'http', name: 'clicks' },
      'httpPosts-2': { kind: 'http', name: 'visits' },
    })
    signed.template.resourceCountIs('AWS::Lambda::EventSourceMapping', 1)
  })

  test('need the secret that the names are bound to, and nothing else', () => {
    secret.template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'NONE' })
    expect(callersOf(secret)).toContain('* lambda:InvokeFunctionUrl')
    const reads = (role: string): readonly string[] =>
      statementsOf(secret.template, `App${role}Policy`)
        .filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'))
        .map(({ Resource }) => textOf(Resource))
    expect(reads('Intake')).toEqual([expect.stringContaining('Mine')])
    expect(reads('Driver')).toEqual([])
    const keys = JSON.stringify(statementsOf(secret.template, 'AppIntakeRoleDefaultPolicy'))
    expect(keys).toContain('SecretKey')
    expect(JSON.stringify(locationsOf(secret.template, 'MILLRACE_SOURCES'))).toContain('Mine')
  })

  test('have commands to copy that name the URL', () => {
    const outputs = Object.values(signed.template.findOutputs('*'))
    const commands = outputs.map(({ Value }) => JSON.stringify(Value))
    expect(commands.filter((command) => command.includes('--aws-sigv4'))).toHaveLength(2)
  })

  test('are not asked for where the name is bound to another source', () => {
    const { template } = synthesise('posts', (stack) => {
      const stream = new Stream(stack, 'Mine')
      return { bindings: { clicks: stream, visits: stream } }
    })
    template.resourceCountIs('AWS::Lambda::Url', 0)
    expect(locationsOf(template, 'MILLRACE_SOURCES')).toMatchObject({
      'httpPosts-1': { kind: 'kinesis' },
    })
  })

  test.each<[string, string, (secret: Secret) => GivenBindings, RegExp]>([
    ['a secret for some sources only', 'posts', (mine) => ({ clicks: mine }), /visits is not/],
    ['a stream that is bound to a secret', 'clicks', (mine) => ({ clicks: mine }), /gives none/],
  ])('refuse %s', (_, name, bind, message) => {
    expect(() =>
      synthesise(name, (stack) => ({ bindings: bind(new Secret(stack, 'Mine')) })),
    ).toThrow(message)
  })
})
