import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { assetNames } from '../../../../cli/ui/assets.ts'
import { PageBed } from './page-bed.ts'

const BYTES_MAX = 150_000

test('the page with all that it loads is below 150 KB zipped', async () => {
  const bed = new PageBed()
  const sizes: number[] = []
  for (const path of ['/', ...assetNames.map((name) => `/assets/${name}`)]) {
    const response = await bed.ask(path)
    expect(response.status).toBe(200)
    sizes.push(gzipSync(Buffer.from(await response.arrayBuffer())).byteLength)
  }
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(total).toBeLessThan(BYTES_MAX)
  expect(total).toBeGreaterThan(20_000)
})
