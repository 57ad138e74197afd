/** Every example, while all is well: the doctor must have nothing to say. */
import { type Pipeline, seconds } from 'millrace'
import { memoryItemStore } from 'millrace/testing'
import { expect, test } from 'vitest'
import clicks from '../../../../../examples/clicks.ts'
import orders from '../../../../../examples/orders.ts'
import sales from '../../../../../examples/sales.ts'
import scores from '../../../../../examples/scores.ts'
import stock from '../../../../../examples/stock.ts'
import visits from '../../../../../examples/visits.ts'
import wordCount from '../../../../../examples/word-count.ts'
import { diagnose } from '../../../../../lib/runtime/operations/doctor/diagnose.ts'
import { examine } from '../../../../../lib/runtime/operations/doctor/examine.ts'
import { settingsOf } from '../../../../../lib/runtime/operations/doctor/settings.ts'
import { TestStream } from '../../../../../lib/testing/harness/test-stream.ts'

const BATCHES = 60

const image = (product: string, count: number): object => ({ product, count })

/** What comes before a batch. */
const EXAMPLES: Readonly<
  Record<string, readonly [Pipeline, (app: TestStream, batch: number) => void]>
> = {
  'word-count': [
    wordCount,
    (app, batch) => app.input('lines').addFile(`${batch}.txt`, `to be or ${batch % 7}\n`),
  ],
  visits: [visits, (app) => app.input('visits').add('/home\n/shop', '/home')],
  scores: [
    scores,
    (app, batch) => app.input('games').addFile(`${batch}.csv`, `ann,${batch}\nbob,2\n`),
  ],
  stock: [
    stock,
    (app, batch) =>
      app
        .input('orders')
        .add({ keys: { id: batch }, newImage: image('tea', batch), id: String(batch) }),
  ],
  sales: [
    sales,
    (app, batch) =>
      app
        .input('drop')
        .addFile(`${batch}.csv`, `shop,price,at\nnorth,${batch},2026-11-30T10:00:11Z\n`),
  ],
  clicks: [
    clicks,
    (app, batch) => {
      app.input('clicks').add('/home ann', `/page-${batch % 9} bob`)
      app.input('drop').addFile(`${batch}.txt`, '/home eve\n')
    },
  ],
  orders: [orders, (app) => app.input('orders').add('tea', 'milk')],
}

test.each(Object.keys(EXAMPLES))('nothing to do: %s', async (name) => {
  const [pipeline, feed] = EXAMPLES[name] as (typeof EXAMPLES)[string]
  const { name: app, options } = pipeline.build()
  const store = memoryItemStore()
  const running = new TestStream(pipeline, {}, store)
  await running.restart()
  for (let batch = 0; batch < BATCHES; batch += 1) {
    feed(running, batch)
    if (batch % 10 === 0) running.passTime(seconds(0.2))
    await running.advance(seconds(options.intervalMs / 1_000))
  }
  const examined = await examine({
    store,
    app,
    clock: { now: () => running.nowMs },
    target: `--app ${app}`,
    isDeployed: true,
    fromMs: 0,
    toMs: running.nowMs,
    options,
    sources: {},
  })
  expect(examined.batches.length).toBeGreaterThanOrEqual(BATCHES - 5)
  expect(diagnose(examined)).toEqual([])
  expect(settingsOf(examined).map((one) => one.name)).toEqual([
    'interval',
    'parallelism',
    'memory',
    'limits',
    'cost',
  ])
})
