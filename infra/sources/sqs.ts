/** Queues of SQS as sources: each message is a record. */
import { Token } from 'aws-cdk-lib'
import type { Duration } from 'aws-cdk-lib'
import { CfnQueue, type Queue } from 'aws-cdk-lib/aws-sqs'
import { MillraceError } from '../../lib/base/errors.ts'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import type { Rule } from '../alarm-settings.ts'
import { deadLettersRule, EACH_MINUTE } from '../alarms.ts'
import type { KindParts } from '../deployed-kind.ts'
import { mapIntakeQueue } from '../event-sources.ts'
import type { Worker } from '../functions.ts'
import { type KindGrants, POLL_QUEUE } from '../grants.ts'
import { type AnyQueue, queueType } from '../queue-type.ts'
import { createIntakeQueue, type QueuePair } from '../queues.ts'
import {
  type Connection,
  type DeployedSources,
  registerSourceKind,
  type SourceNeed,
} from './source-kind.ts'

declare module '../alarm-settings.ts' {
  interface AlarmSettings {
    /** Of each queue: intake is far behind. */
    readonly queueBehind?: AlarmTuning
    /** Of each created queue: messages were put aside. */
    readonly queueDeadLetters?: AlarmTuning
  }
}

/** Lambda receives and deletes the messages. The driver needs nothing: intake stores them. */
const grants = { queues: { intake: [POLL_QUEUE] } } satisfies KindGrants

/** A queue, and what its sources ask of it. */
interface ReadQueue {
  readonly queue: AnyQueue
  /** The name of its first source. */
  readonly name: string
  /** The ids of its sources. */
  readonly sources: readonly string[]
  /** Undefined: the queue was given. */
  readonly created: QueuePair | undefined
}

/** Lambda has one mapping for each queue and function, so the sources of a queue share it. */
const findQueues = (
  needs: readonly SourceNeed[],
  { scope, pool, storage, intakeTimeout }: KindParts,
): readonly ReadQueue[] => {
  const created = new Map<string, QueuePair>()
  const create = (name: string): Queue => {
    const pair = createIntakeQueue(scope, `Queue-${name}`, intakeTimeout, storage)
    created.set(name, pair)
    return pair.queue
  }
  const reads = needs.map(({ name, source: { id } }) => ({
    queue: pool.obtain(queueType, name, () => create(name)),
    name,
    id,
  }))
  const groups = [...Map.groupBy(reads, ({ queue }) => queue.queueArn).values()]
  return groups.flatMap((readers) =>
    readers.slice(0, 1).map(({ queue, name }) => ({
      queue,
      name,
      sources: readers.map(({ id }) => id),
      created: created.get(name),
    })),
  )
}

const DEFAULT_VISIBILITY_S = 30

/** Lambda refuses such a queue, but only when the stack is half deployed. */
const checkVisibility = ({ name, queue }: ReadQueue, intakeTimeout: Duration): void => {
  const resource = queue.node.defaultChild
  // Nothing is known of a queue of another stack.
  if (!(resource instanceof CfnQueue)) return
  const visibleS = resource.visibilityTimeout ?? DEFAULT_VISIBILITY_S
  const leastS = intakeTimeout.toSeconds()
  if (Token.isUnresolved(visibleS) || visibleS >= leastS) return
  throw new MillraceError('BINDING_UNFIT', {
    problem: `The queue of "${name}" shows messages again while intake may still handle them`,
    value: `visibilityTimeout: ${visibleS} s`,
    allowed: `at least the time-out of intake, ${leastS} s`,
    fix: `give the queue visibilityTimeout: Duration.seconds(${6 * leastS})`,
  })
}

const behindRule = ({ name, queue }: ReadQueue, lagMax: Duration): Rule => ({
  id: `Queue-${name}BehindAlarm`,
  name: 'queueBehind',
  metric: queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', ...EACH_MINUTE }),
  above: lagMax.toMilliseconds() / 1_000,
  description:
    'Intake is so far behind a queue that messages may be lost when their retention ends',
})

const connect = (
  { scope, intervalMs, lagMax }: KindParts,
  queues: readonly ReadQueue[],
  intake: Worker,
): Connection => ({
  mappings: queues.map(({ name, queue }) =>
    mapIntakeQueue(scope, `Mapping-${name}`, intake, queue, intervalMs),
  ),
  alarms: queues.flatMap((read) => [
    ...(read.created === undefined
      ? []
      : [deadLettersRule(`Queue-${read.name}`, read.created, 'queueDeadLetters')]),
    behindRule(read, lagMax),
  ]),
})

const deploy = (needs: readonly SourceNeed[], parts: KindParts): DeployedSources => {
  const queues = findQueues(needs, parts)
  for (const read of queues) checkVisibility(read, parts.intakeTimeout)
  return {
    locations: Object.fromEntries(
      queues.flatMap(({ queue: { queueArn }, sources }) =>
        sources.map((id) => [id, { kind: 'sqs', queueArn }]),
      ),
    ),
    reaches: queues.map(({ queue }) => ({ grants: grants.queues, arnOf: () => queue.queueArn })),
    keys: queues.map(({ queue }) => ({
      key: queue.encryptionMasterKey,
      role: 'intake',
      use: 'decrypt',
    })),
    commands: queues.map(({ name, queue }) => ({
      id: `Send-${name}`,
      value: `aws sqs send-message --queue-url ${queue.queueUrl} --message-body '/home'`,
      description: `Sends a message: ${name}`,
    })),
    connect: (intake) => connect(parts, queues, intake),
  }
}

registerSourceKind({
  name: 'sqs',
  type: queueType,
  gives: [TEXT],
  declaredKind: 'sqs',
  grants,
  packages: ['@aws-sdk/client-sqs'],
  deploy,
})
