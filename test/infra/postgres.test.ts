import { Key } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../infra/bundle.ts'
import { fixture, locationsOf, statementsOf, synthesise, textOf } from './stacks.ts'

const withSecret = (name: string) =>
  synthesise('scores', (stack) => ({
    bindings: {
      scores:
        name === 'by name'
          ? Secret.fromSecretNameV2(stack, 'Mine', 'prod/scores')
          : new Secret(stack, 'Mine', { encryptionKey: new Key(stack, 'SecretKey') }),
    },
  }))

describe('a database that is reached by a secret', () => {
  test.each(['by name', 'with a key'])('the driver may read it, and nobody else: %s', (name) => {
    const { template } = withSecret(name)
    const actionsOn = (role: string): readonly string[] =>
      statementsOf(template, `App${role}Policy`)
        .filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'))
        .map(({ Action, Resource }) => `${[Action].flat().join()} ${textOf(Resource)}`)
    expect(actionsOn('Intake')).toEqual([])
    expect(actionsOn('Driver')).toHaveLength(1)
    expect(actionsOn('Driver')[0]).toMatch(/^secretsmanager:GetSecretValue .*(scores-\?{6}|Mine)/)
    const keys = JSON.stringify(statementsOf(template, 'AppDriverRoleDefaultPolicy'))
    if (name === 'with a key') expect(keys).toContain('SecretKey')
  })

  test('the driver is told the secret, and no password', () => {
    const { scores } = locationsOf(withSecret('by name').template, 'MILLRACE_OUTPUTS') as {
      readonly scores: { readonly kind: string; readonly secret: string }
    }
    expect(scores.kind).toBe('postgres')
    expect(scores.secret).toContain('prod/scores')
  })

  test('a name that is not bound is refused', () =>
    expect(() => synthesise('scores')).toThrow(/bound to no secret.*BINDING_MISSING/s))
})

const sizesOf = (name: string): ReadonlyMap<string, string> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  bundle(fixture(name), folder, { minify: false })
  return new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.mjs'))
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  )
}

test('only a module that imports the kind brings its packages', { timeout: 180_000 }, () => {
  const has = (name: string, text: string): boolean =>
    [...sizesOf(name).values()].some((code) => code.includes(text))
  expect(has('scores', 'node_modules/pg-protocol/')).toBe(true)
  expect(has('clicks', 'node_modules/pg-protocol/')).toBe(false)
  expect(has('clicks', 'millrace_fences')).toBe(false)
  expect(has('scores', 'sqlite-database')).toBe(false)
})
