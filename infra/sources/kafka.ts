/** Topics of Kafka as sources: Lambda's own consumer reads them, and calls intake. */
import { Duration, Names } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { MillraceError } from '../../lib/base/errors.ts'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import { KAFKA_RECORDS } from '../../lib/dstream/sources/kafka.ts'
import { acknowledge } from '../acknowledge.ts'
import type { Rule } from '../alarm-settings.ts'
import type { BindableType } from '../bindable.ts'
import type { KeyUse, KindParts, Reach } from '../deployed-kind.ts'
import { settleMapping, windowSeconds } from '../event-sources.ts'
import type { Worker } from '../functions.ts'
import type { KindGrants } from '../grants.ts'
import { arnInCluster, KafkaCluster } from './kafka/cluster.ts'
import { originOf } from './kafka/origin.ts'
import {
  type Connection,
  type DeployedSources,
  registerSourceKind,
  type SourceNeed,
} from './source-kind.ts'

declare module '../alarm-settings.ts' {
  interface AlarmSettings {
    /** Of each topic: intake has not caught up for hours. */
    readonly topicBehind?: AlarmTuning
  }
}

declare module '../bindable.ts' {
  interface Bindables {
    clusters: KafkaCluster
  }
}

const clusterType: BindableType<'clusters'> = {
  property: 'clusters',
  noun: 'cluster of Kafka',
  construct: 'a KafkaCluster of millrace/cdk',
  isInstance: (value): value is KafkaCluster => 'clusterPlace' in value,
  service: 'kafka',
  fromArn: (scope, id, clusterArn) => new KafkaCluster(scope, id, { clusterArn }),
  // Only an ARN has colons that mean something.
  arnOf: ({ cluster, clusterPlace }) =>
    'clusterArn' in cluster ? clusterPlace : clusterPlace.replaceAll(':', '/'),
}

/** Lambda makes network interfaces to reach brokers, and looks at what is there first. */
const NETWORK = [
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
]

const grants = {
  clusters: {
    intake: [
      {
        by: 'service',
        actions: ['kafka:DescribeCluster', 'kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers'],
      },
    ],
  },
  clustersByRole: {
    intake: [
      {
        by: 'service',
        actions: [
          'kafka-cluster:Connect',
          'kafka-cluster:DescribeClusterDynamicConfiguration',
          'kafka-cluster:DescribeTopic',
          'kafka-cluster:ReadData',
          'kafka-cluster:DescribeGroup',
          'kafka-cluster:AlterGroup',
        ],
      },
    ],
  },
  networks: { intake: [{ by: 'service', actions: NETWORK }] },
  secrets: { intake: [{ by: 'service', actions: ['secretsmanager:GetSecretValue'] }] },
} satisfies KindGrants

/** A topic, and what its sources ask of it. */
interface ReadTopic {
  readonly place: KafkaCluster
  readonly topic: string
  readonly groupId: string
  /** The name of its first source. */
  readonly name: string
  /** The ids of its sources. */
  readonly sources: readonly string[]
}

const noCluster = (name: string): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: 'A topic needs a cluster of Kafka, and the construct creates none',
    value: name,
    allowed: clusterType.construct,
    fix: `bind it: { '${name}': new KafkaCluster(this, 'Cluster', { clusterArn: 'arn:...' }) }`,
  })

const topicOf = ({ name, source }: SourceNeed): string => {
  const topic = source.settings?.['topic']
  if (source.kind === 'kafka' && typeof topic === 'string') return topic
  throw new MillraceError('BINDING_UNFIT', {
    problem: 'The source is bound to a cluster of Kafka, and names no topic',
    value: name,
    fix: `declare it with streamFrom(kafka('${name}')), from 'millrace/kafka'`,
  })
}

/** Lambda has one mapping for each topic and function, so the sources of a topic share it. */
const findTopics = (
  needs: readonly SourceNeed[],
  { scope, pool }: KindParts,
): readonly ReadTopic[] => {
  const reads = needs.map((need) => {
    const { name, source } = need
    const place = pool.obtain(clusterType, name, () => {
      throw noCluster(name)
    })
    const given = source.settings?.['groupId']
    const groupId = typeof given === 'string' ? given : groupOf(scope, name)
    return { place, topic: topicOf(need), groupId, name, id: source.id }
  })
  const groups = Map.groupBy(reads, ({ place, topic }) => `${clusterType.arnOf(place)}/${topic}`)
  return [...groups.values()].flatMap((readers) =>
    readers.slice(0, 1).map(({ place, topic, groupId, name }) => ({
      place,
      topic,
      groupId,
      name,
      sources: readers.map(({ id }) => id),
    })),
  )
}

const GROUP_CHARACTERS_MAX = 200

/** Two applications must never share a group: each would get half of the records. */
const groupOf = (scope: Construct, name: string): string =>
  `${Names.uniqueId(scope)}-${name}`
    .replaceAll(/[^\w./*:+=@-]/g, '-')
    .slice(0, GROUP_CHARACTERS_MAX)

/**
 * Lets a topic call intake. Lambda repeats a batch until intake has taken it, or the topic has
 * deleted it; it gives up none. And it hands out a partition to one call at a time.
 */
const mapTopic = (
  { scope, intervalMs }: KindParts,
  read: ReadTopic,
  intake: Worker,
): CfnEventSourceMapping => {
  const mapping = new CfnEventSourceMapping(scope, `Mapping-${read.name}`, {
    functionName: intake.function.functionName,
    ...originOf(read.place, read.groupId),
    topics: [read.topic],
    batchSize: 10_000,
    maximumBatchingWindowInSeconds: windowSeconds(intervalMs),
    // Never LATEST: it misses records that are put while the mapping is made. Intake leaves out
    // what a source does not want.
    startingPosition: 'TRIM_HORIZON',
  })
  return settleMapping(mapping, intake, `${clusterType.arnOf(read.place)}/${read.topic}`)
}

/**
 * Of an offset nobody can tell the age. So it rings when intake has had something to catch up in
 * every minute of as long a time as records may wait.
 */
const behindRule = ({ function: worker }: Worker, lagMax: Duration): Rule => ({
  id: 'TopicBehindAlarm',
  metric: new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'OffsetLag',
    dimensionsMap: { FunctionName: worker.functionName },
    statistic: 'Minimum',
    period: Duration.minutes(1),
  }),
  above: 0,
  minutes: Math.min(lagMax.toMinutes(), MINUTES_MAX),
  description:
    'Intake never catches up with a topic: records may be lost when their retention ends',
})

/** CloudWatch looks back a day at most. */
const MINUTES_MAX = 1_440

const connect = (parts: KindParts, topics: readonly ReadTopic[], intake: Worker): Connection => {
  acknowledge(
    intake.role,
    'AwsSolutions-IAM5[Resource::*]',
    'Lambda makes network interfaces to reach brokers. These actions know no single resources.',
  )
  return {
    mappings: topics.map((topic) => mapTopic(parts, topic, intake)),
    alarms: [behindRule(intake, parts.lagMax)],
  }
}

const reachesOf = ({ place: { cluster }, topic, groupId }: ReadTopic): readonly Reach[] => {
  const secrets = [
    cluster.secret,
    'rootCertificate' in cluster ? cluster.rootCertificate : undefined,
  ].filter((secret) => secret !== undefined)
  const ofSecrets = secrets.map(({ secretArn }) => ({
    grants: grants.secrets,
    arnOf: () => secretArn,
  }))
  if (!('clusterArn' in cluster)) return ofSecrets
  const { clusterArn } = cluster
  const arnOf = (action: string): string => {
    if (action.endsWith('Group')) return arnInCluster(clusterArn, 'group', groupId)
    if (/Topic|Data/.test(action)) return arnInCluster(clusterArn, 'topic', topic)
    return clusterArn
  }
  const byRole = cluster.secret === undefined ? [{ grants: grants.clustersByRole, arnOf }] : []
  return [{ grants: grants.clusters, arnOf: () => clusterArn }, ...byRole, ...ofSecrets]
}

const isInNetwork = ({ place: { cluster } }: ReadTopic): boolean =>
  'clusterArn' in cluster || cluster.network !== undefined

const keysOf = ({ place: { cluster } }: ReadTopic): readonly KeyUse[] => [
  { key: cluster.secret?.encryptionKey, role: 'intake', use: 'decrypt' },
]

const deploy = (needs: readonly SourceNeed[], parts: KindParts): DeployedSources => {
  const topics = findTopics(needs, parts)
  return {
    locations: Object.fromEntries(
      topics.flatMap(({ place: { clusterPlace: cluster }, topic, sources }) =>
        sources.map((id) => [id, { kind: 'kafka', cluster, topic }]),
      ),
    ),
    reaches: [
      ...topics.flatMap(reachesOf),
      ...(topics.some(isInNetwork) ? [{ grants: grants.networks, arnOf: () => '*' }] : []),
    ],
    keys: topics.flatMap(keysOf),
    commands: [],
    connect: (intake) => connect(parts, topics, intake),
  }
}

registerSourceKind({
  name: 'kafka',
  type: clusterType,
  gives: [TEXT, KAFKA_RECORDS],
  declaredKind: 'kafka',
  grants,
  packages: [],
  deploy,
})
