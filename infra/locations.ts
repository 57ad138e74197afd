/** The streams and buckets of an application: those that it was given, and those that are created for the names that are not bound. */
import { CfnOutput } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import {
  type AnyBucket,
  type AnyStream,
  type Binding,
  isBucket,
  isStream,
  type Needs,
  type ObjectsNeed,
  type StreamNeed,
} from './bindings.ts'
import { createBucket, createStream, type StateDeclaration } from './resources.ts'

type Bindings = Readonly<Record<string, Binding>>

/** Streams and buckets by their names in the pipeline. */
export interface Places {
  readonly streams: Readonly<Record<string, AnyStream>>
  readonly buckets: Readonly<Record<string, AnyBucket>>
}

export const streamNeeds = ({ sources }: Needs): readonly StreamNeed[] =>
  sources.filter((source) => source.kind === 'stream')
export const objectsNeeds = ({ sources }: Needs): readonly ObjectsNeed[] =>
  sources.filter((source) => source.kind === 'objects')

const distinctNames = (needs: readonly { readonly name: string }[]): readonly string[] => [
  ...new Set(needs.map(({ name }) => name)),
]

/** Finds or creates what a plan needs. */
export const createPlaces = (
  scope: Construct,
  needs: Needs,
  bindings: Bindings,
  keeping: StateDeclaration,
): Places => {
  const watched = distinctNames(objectsNeeds(needs))
  const streamOf = (name: string): AnyStream => {
    const given = bindings[name]
    return isStream(given) ? given : createStream(scope, `Stream-${name}`, keeping)
  }
  const bucketOf = (name: string): AnyBucket => {
    const given = bindings[name]
    // Versions pin what a hint announced: an object that is replaced before it is read is still there.
    return isBucket(given)
      ? given
      : createBucket(scope, `Bucket-${name}`, keeping, { versioned: watched.includes(name) })
  }
  const streams = distinctNames(streamNeeds(needs)).map((name) => [name, streamOf(name)] as const)
  const buckets = distinctNames([...objectsNeeds(needs), ...needs.outputs]).map(
    (name) => [name, bucketOf(name)] as const,
  )
  return { streams: Object.fromEntries(streams), buckets: Object.fromEntries(buckets) }
}

/** Read by people, who can do without the hash that the CDK ends names with. */
const outputName = (output: CfnOutput): string => {
  const { scopes } = output.node
  const inStack = scopes.slice(scopes.indexOf(output.stack) + 1)
  return inStack.map(({ node: { id } }) => id.replaceAll(/[^A-Za-z0-9]/g, '')).join('')
}

const putCommand = (streamName: string): string =>
  `aws kinesis put-record --stream-name ${streamName} --partition-key 1 --cli-binary-format raw-in-base64-out --data '/home'`

/** What to do next, for those who have deployed: commands to copy. */
export const createOutputs = (
  scope: Construct,
  app: string,
  table: string,
  needs: Needs,
  { streams, buckets }: Places,
): void => {
  const say = (id: string, value: string, description: string): void => {
    const output = new CfnOutput(scope, id.replaceAll('/', '-'), { value, description })
    output.overrideLogicalId(outputName(output))
  }
  for (const [name, { streamName }] of Object.entries(streams))
    say(`Put-${name}`, putCommand(streamName), `Puts a record: ${name}`)
  for (const { name, prefix } of objectsNeeds(needs))
    say(
      `Drop-${name}-${prefix}`,
      `aws s3 cp FILE s3://${buckets[name]?.bucketName}/${prefix}`,
      `Drops a file: ${name}`,
    )
  for (const { name, prefix } of needs.outputs)
    say(
      `See-${name}-${prefix}`,
      `aws s3 ls --recursive s3://${buckets[name]?.bucketName}/${prefix}`,
      `Lists the results: ${name}`,
    )
  say('Show', `npx millrace status --app ${app}`, 'Shows how the application is doing')
  say('TableName', table, 'The table of the application')
}
