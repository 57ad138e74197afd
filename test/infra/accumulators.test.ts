import { Template } from 'aws-cdk-lib/assertions'
import { expect, test } from 'vitest'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { Deployed, toStream } from '../unit/functions/deployed.ts'
import { pipelineOf } from '../unit/runtime/harness.ts'
import { metricFilters, valuesOf } from './metric-filters.ts'
import { fixture, newStack } from './stacks.ts'

test('what batches add to an accumulator is a metric, from the lines of the driver', async () => {
  const stack = newStack()
  const app = new StreamingApp(stack, 'App', { entry: fixture('counted'), generation: 7 })
  for (const name of ['own', 'others'])
    expect(() => app.metricAccumulator(name)).toThrow(
      'no accumulator of this name that can be a metric',
    )
  const metrics = [1, 2].map(() => app.metricAccumulator('empty-lines'))
  expect(metrics.map(({ metricName, statistic }) => [metricName, statistic])).toEqual([
    ['Added-empty-lines', 'Sum'],
    ['Added-empty-lines', 'Sum'],
  ])
  const filters = metricFilters(Template.fromStack(stack)).filter(({ metric }) =>
    metric.startsWith('Added-'),
  )
  expect(filters).toHaveLength(1)

  const pipeline = pipelineOf((ssc) => {
    const empty = ssc.longAccumulator('empty-lines')
    ssc
      .kinesisTextStream('lines')
      .map((line) => empty.add(line === '' ? 1 : 0))
      .print()
  })
  const deployed = new Deployed(pipeline, { sources: { 'kinesisTextStream-1': toStream } })
  await deployed.trigger({ scheduleMinute: true })
  await deployed.put(1, '', 'a', '')
  await deployed.pass(2)
  expect(filters.flatMap((filter) => valuesOf(filter, deployed.lines))).toEqual([2])
})
