/** Streams of Kinesis as outputs. */
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'
import { createStream, streamType } from '../stream-type.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

const grants = {
  streams: { driver: [{ by: 'code', actions: ['kinesis:PutRecords'] }] },
} satisfies KindGrants

const URI = /^kinesis:\/\/([^/]+)\/records$/s

const locate = (place: string): NamedPath | undefined => {
  const [, name] = URI.exec(place) ?? []
  return name === undefined ? undefined : { name, path: '' }
}

const deploy = (
  needs: readonly SinkNeed[],
  { scope, pool, storage }: KindParts,
): DeployedResources => {
  const outputs = needs.map(({ name }) => ({
    name,
    stream: pool.obtain(streamType, name, () => createStream(scope, `Stream-${name}`, storage)),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, stream: { streamArn: stream } }) => [
        name,
        { kind: 'kinesis-output', stream },
      ]),
    ),
    reaches: outputs.map(({ stream }) => ({
      grants: grants.streams,
      arnOf: () => stream.streamArn,
    })),
    keys: outputs.map(({ stream }) => ({
      key: stream.encryptionKey,
      role: 'driver',
      use: 'encrypt',
    })),
    commands: [],
  }
}

registerSinkKind({
  name: 'kinesis-output',
  type: streamType,
  form: 'kinesis://NAME/records, by saveTo(kinesis(...))',
  locate,
  grants,
  packages: ['@aws-sdk/client-kinesis'],
  deploy,
})
