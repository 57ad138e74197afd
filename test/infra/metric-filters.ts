import type { Template } from 'aws-cdk-lib/assertions'

/** A metric filter of a template: the lines that it looks for, and what it counts. */
export interface MetricFilter {
  readonly metric: string
  readonly role: 'intake' | 'driver'
  readonly pattern: string
  readonly value: string
}

interface FilterResource {
  readonly Properties: {
    readonly LogGroupName: { readonly Ref: string }
    readonly FilterPattern: string
    readonly MetricTransformations: readonly {
      readonly MetricName: string
      readonly MetricValue: string
    }[]
  }
}

/** The metric filters of a template. */
export const metricFilters = (template: Template): readonly MetricFilter[] =>
  Object.values(template.findResources('AWS::Logs::MetricFilter')).map((resource) => {
    const { LogGroupName, FilterPattern, MetricTransformations } = (resource as FilterResource)
      .Properties
    const [{ MetricName, MetricValue } = { MetricName: '', MetricValue: '' }] =
      MetricTransformations
    return {
      metric: MetricName,
      role: LogGroupName.Ref.includes('Intake') ? 'intake' : 'driver',
      pattern: FilterPattern,
      value: MetricValue,
    }
  })

type Entry = Readonly<Record<string, unknown>>

/** Reads a line as CloudWatch Logs does: a line has fields only if all of it is JSON. */
const entryOf = (line: string): Entry | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Entry) : undefined
  } catch {
    return undefined
  }
}

/** The value of a field of a field. */
const valueAt = (field: string, entry: Entry | undefined): unknown =>
  field.split('.').reduce<unknown>((within, name) => (within as Entry | undefined)?.[name], entry)

/** Evaluates a comparison. Text is only equal to text, and numbers are compared with numbers. */
const holds = (comparison: string, entry: Entry): boolean => {
  const [, field = '', operator, text, number] =
    /^\$\.([\w.-]+) (=|>|>=) (?:"([^"]*)"|(-?\d+|\*))$/.exec(comparison.trim()) ?? []
  if (operator === undefined)
    throw new Error(`The test does not know this comparison: ${comparison}`)
  const value = valueAt(field, entry)
  if (text !== undefined) return operator === '=' && value === text
  if (number === '*') return value !== undefined
  if (typeof value !== 'number') return false
  return operator === '='
    ? value === Number(number)
    : operator === '>'
      ? value > Number(number)
      : value >= Number(number)
}

const matches = (pattern: string, entry: Entry): boolean => {
  const [, condition] = /^\{ (.*) \}$/.exec(pattern) ?? []
  if (condition === undefined) throw new Error(`The test does not know this pattern: ${pattern}`)
  return condition
    .split(' || ')
    .some((all) => all.split(' && ').every((comparison) => holds(comparison, entry)))
}

/** Whether the words of a line, divided by spaces, are those of a pattern such as `[a, b=is]`. */
const wordsMatch = (pattern: string, line: string): boolean => {
  const fields = pattern.slice(1, -1).split(', ')
  const words = line.split(' ')
  const isOpen = fields.at(-1) === '...'
  const named = isOpen ? fields.slice(0, -1) : fields
  if (isOpen ? words.length < named.length : words.length !== named.length) return false
  return named.every((field, index) => {
    const [, wanted] = field.split('=')
    if (wanted === undefined) return true
    const [start = '', end = ''] = wanted.split('*')
    const word = words[index] ?? ''
    return wanted.includes('*') ? word.startsWith(start) && word.endsWith(end) : word === wanted
  })
}

/** The values that a filter takes from lines, in the order of the lines. */
export const valuesOf = (
  { pattern, value }: MetricFilter,
  lines: readonly string[],
): readonly number[] =>
  pattern.startsWith('[')
    ? lines.filter((line) => wordsMatch(pattern, line)).map(() => Number(value))
    : lines
        .map(entryOf)
        .filter((entry) => entry !== undefined && matches(pattern, entry))
        .map((entry) => Number(value.startsWith('$.') ? valueAt(value.slice(2), entry) : value))
