import { expect, test } from 'vitest'
import { isPlainHttp, localEndpoint, once } from '../../../lib/adapters/aws/clients.ts'
import { loadAws } from '../../../lib/adapters/aws/packages.ts'
import { errorOf } from '../../contract/errors.ts'

test('the error for a missing package names it, and says the fix', async () => {
  const missing = Object.assign(
    new Error(`Cannot find package '@aws-sdk/client-s3' imported from /a/b.js`),
    {
      code: 'ERR_MODULE_NOT_FOUND',
    },
  )
  const error = await errorOf(() => loadAws(() => Promise.reject(missing)))
  expect(error.code).toBe('PACKAGE_MISSING')
  expect(error.message).toContain('npm install @aws-sdk/client-s3')
})

test('another error while loading is thrown unchanged', async () => {
  await expect(loadAws(() => Promise.reject(new TypeError('broken')))).rejects.toThrow(TypeError)
})

test('the endpoint of a service comes from the environment, and may be plain HTTP', () => {
  expect(localEndpoint('S3', {})).toBeUndefined()
  const variables = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: 'https://s3' }
  expect(localEndpoint('S3', variables)).toBe('https://s3')
  expect(localEndpoint('KINESIS', variables)).toBe('http://127.0.0.1:1')
  expect(
    localEndpoint('KINESIS', { ...variables, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }),
  ).toBeUndefined()
  expect(['http://a', 'https://a', undefined].map(isPlainHttp)).toEqual([true, false, false])
})

test('a client is made once, at the first call', () => {
  let made = 0
  const client = once(() => ++made)
  expect([made, client(), client(), made]).toEqual([0, 1, 1, 1])
})
