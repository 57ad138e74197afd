/** The environment variables of the functions: functions/environment.ts says what each is, and reads them. */
import type { Needs } from './bindings.ts'
import type { Places } from './locations.ts'

/** What intake is told. */
export interface CommonFacts {
  readonly table: string
  readonly blocks: string
  readonly triggers: string
  readonly needs: Needs
  readonly places: Places
}

/** What the driver is told besides. */
export interface DriverFacts {
  readonly generation: number
  readonly timeoutS: number
}

const sourcesOf = (needs: Needs, { streams, buckets }: Places): Readonly<Record<string, object>> =>
  Object.fromEntries(
    needs.sources.map((source) => [
      source.id,
      source.kind === 'objects'
        ? { kind: 'objects', bucket: buckets[source.name]?.bucketName, prefix: source.prefix }
        : { kind: 'kinesis', streamArn: streams[source.name]?.streamArn },
    ]),
  )

/** For intake. */
export const intakeVariables = ({
  table,
  blocks,
  triggers,
  needs,
  places,
}: CommonFacts): Readonly<Record<string, string>> => ({
  MILLRACE_TABLE: table,
  MILLRACE_BLOCKS: blocks,
  MILLRACE_TRIGGERS: triggers,
  MILLRACE_SOURCES: JSON.stringify(sourcesOf(needs, places)),
})

/** For the driver. */
export const driverVariables = (
  facts: CommonFacts,
  { generation, timeoutS }: DriverFacts,
): Readonly<Record<string, string>> => ({
  ...intakeVariables(facts),
  MILLRACE_OUTPUTS: JSON.stringify(
    Object.fromEntries(
      facts.needs.outputs.map(({ name }) => [name, facts.places.buckets[name]?.bucketName]),
    ),
  ),
  MILLRACE_GENERATION: String(generation),
  MILLRACE_TIMEOUT_S: String(timeoutS),
})
