import { expect, test } from 'vitest'
import type { StreamingAppProps } from '../../infra/props.ts'
import { type Widget, widgetsOf } from './dashboard-widgets.ts'
import { synthesise } from './stacks.ts'

const dashboardOf = (name: string, props: Partial<StreamingAppProps> = {}): readonly Widget[] =>
  widgetsOf(synthesise(name, () => ({ dashboard: true, ...props })).template)

/** The names of the metrics in a widget. */
const metricsIn = ({ properties: { metrics = [] } }: Widget): readonly unknown[] =>
  metrics.flatMap(([first, name]) => (typeof first === 'string' ? [name] : ['expression']))

const widget = (widgets: readonly Widget[], title: RegExp): Widget => {
  const found = widgets.find(({ properties }) => title.test(properties.title ?? ''))
  if (found === undefined) throw new Error(`no widget ${title.source}`)
  return found
}

test('there is none by default, since it costs money', () => {
  const { app, template } = synthesise('clicks')
  template.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
  expect(app.dashboard).toBe(undefined)
})

test.each<{ what: string; title: RegExp; has: readonly string[] }>([
  { what: 'the input', title: /^Records/, has: ['Records', 'Batches'] },
  { what: 'the lag', title: /^Lag/, has: ['Lag'] },
  { what: 'time and interval', title: /^Processing/, has: ['ProcessingTime', 'ProcessingTime'] },
  { what: 'what is before intake', title: /^Before intake/, has: ['IteratorAge'] },
  { what: 'the table', title: /^Throttled/, has: ['ReadThrottleEvents', 'WriteThrottleEvents'] },
  {
    what: 'functions that fail',
    title: /^Errors/,
    has: ['Errors', 'Errors', 'Throttles', 'Throttles'],
  },
  {
    what: 'problems',
    title: /^Problems/,
    has: [
      'FailedBatches',
      'Failed',
      'DeadLetters',
      'DataLosses',
      'FallingBehind',
      'ClockSkews',
      'RefusedMessages',
      'DriverTimeouts',
      'Superseded',
    ],
  },
])('it shows $what', ({ title, has }) => {
  expect(metricsIn(widget(dashboardOf('clicks'), title))).toEqual(has)
})

test('the batch interval and the age at which the alarm rings are drawn in', () => {
  const widgets = dashboardOf('clicks')
  const valuesIn = (title: RegExp): readonly unknown[] =>
    widget(widgets, title).properties.annotations?.horizontal.map(({ value }) => value) ?? []
  expect(valuesIn(/^Processing/)).toEqual([10_000])
  expect(valuesIn(/^Lag/)).toEqual([21_600_000])
})

test('with several sources, the log of the driver says the lag of each', () => {
  const { query } = widget(dashboardOf('both'), /^Delays/).properties
  expect(query).toContain('max(`sources.kinesisTextStream-1`) as `kinesisTextStream-1`')
  expect(query).toContain('max(`sources.textFileStream-1`) as `textFileStream-1`')
  expect(widget(dashboardOf('clicks'), /^Delays/).properties.query).toContain('max(lagMs)')
})

test('executors are one line, however many there are', () => {
  const names = metricsIn(widget(dashboardOf('clicks', { executors: 3 }), /^Errors/))
  expect(names.filter((name) => name === 'expression')).toHaveLength(2)
})

test('what the functions cost is shown if they are metered', () => {
  const { query } = widget(dashboardOf('clicks', { meter: true }), /^Cost/).properties
  expect(query).toContain('stats sum(dollars)')
  expect(() => widget(dashboardOf('clicks'), /^Cost/)).toThrow('no widget')
})

// Source: Amazon CloudWatch User Guide, "CloudWatch service quotas".
test('it has a body, metrics and places that CloudWatch takes', () => {
  const { template } = synthesise('both', () => ({ dashboard: true, executors: 32 }))
  const widgets = widgetsOf(template)
  const metrics = widgets.flatMap(({ properties: { metrics: own = [] } }) => own)
  expect(metrics.length).toBeLessThan(2_500)
  for (const { properties } of widgets) expect(properties.metrics?.length ?? 0).toBeLessThan(500)
  for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24)
})
