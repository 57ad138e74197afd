import { type DStream, seconds, stream } from 'millrace'
import 'millrace/sql'
import type { SqlOptions } from 'millrace/sql'
import { testStream } from 'millrace/testing'

/** What a query gave in each batch, and what was put aside. */
export interface Ran {
  readonly batches: readonly (readonly unknown[] | undefined)[]
  readonly deadLetters: readonly string[]
  readonly failures: readonly string[]
}

/** Runs a query over batches of elements, each of which is a line of JSON in the source. */
export const runSql = async <T>(
  batches: readonly (readonly T[])[],
  query: string,
  options: SqlOptions<T> = {},
  change: (elements: DStream<T>) => DStream<T> = (elements) => elements,
): Promise<Ran> => {
  const app = await testStream(
    stream(
      'sql',
      { batchInterval: seconds(1), whenIdle: 'tick', retry: { attempts: 1 } },
      (ssc) => {
        const elements = ssc.kinesisTextStream('in').map((line) => JSON.parse(line) as T)
        change(elements)
          .sql(query, options)
          .foreachRDD(() => undefined)
      },
    ),
    { failures: 'record' },
  )
  for (const batch of batches) {
    app.input('in').add(...batch.map((element) => JSON.stringify(element)))
    await app.advance(seconds(1))
  }
  return {
    batches: app.output('foreachRDD-1').elements,
    deadLetters: (await app.deadLetters()).map(({ code }) => code),
    failures: app.failures.map(({ error }) => error.message),
  }
}
