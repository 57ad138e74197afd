import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deploymentIn } from '../../../lib/tools/deployment.ts'
import { parseSince } from '../../../cli/since.ts'

const deployment = {
  app: 'clicks',
  table: 't',
  blocks: 'b',
  triggers: 'https://q',
  sources: ['kinesisTextStream-1'],
  generation: 7,
  logs: { intake: 'i', driver: 'd' },
}

describe('the parameter of an application', () => {
  test('is read', () =>
    expect(deploymentIn('clicks', JSON.stringify(deployment))).toEqual(deployment))

  test.each([
    { what: 'not JSON', text: 'clicks' },
    { what: 'null', text: 'null' },
    { what: 'a list', text: '[]' },
    ...Object.keys(deployment).map((name) => ({
      what: `one without ${name}`,
      text: JSON.stringify({ ...deployment, [name]: undefined }),
    })),
  ])('is refused when it is $what', ({ text }) => {
    expect(() => deploymentIn('clicks', text)).toThrow(
      expect.objectContaining({ code: 'STORE_UNREADABLE' }),
    )
  })
})

describe('without region or credentials no call is made', () => {
  beforeEach(() => {
    for (const name of Object.keys(process.env).filter((one) => one.startsWith('AWS_')))
      vi.stubEnv(name, undefined)
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere/config')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere/credentials')
    vi.resetModules()
  })
  afterEach(() => vi.unstubAllEnvs())

  test.each([
    { missing: 'region', set: {}, says: /No region[^]*AWS_REGION=/ },
    {
      missing: 'credentials',
      set: { AWS_REGION: 'eu-west-1' },
      says: /no credentials[^]*aws sso login/,
    },
  ])('no $missing', async ({ set, says }) => {
    for (const [name, value] of Object.entries(set)) vi.stubEnv(name, value)
    const { openDeployed } = await import('../../../cli/open-deployed.ts')
    const error = (await openDeployed('clicks').catch((thrown: unknown) => thrown)) as Error & {
      readonly code: string
    }
    expect(error.code).toBe('CREDENTIALS_MISSING')
    expect(error.message).toMatch(says)
  })
})

test.each([
  ['30s', 970_000],
  ['15m', 100_000],
  ['1970-01-01T00:10:00Z', 600_000],
  ['1970-01-01', 0],
  ['soon', undefined],
  ['12', undefined],
  ['-1h', undefined],
  ['1970-13-01', undefined],
  ['', undefined],
])('--since %s', (text, atMs) => expect(parseSince(text, 1_000_000)).toBe(atMs))
