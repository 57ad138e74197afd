import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { StreamingApp } from '../../infra/index.ts'
import { blobName } from '../../lib/adapters/blob-item-store.ts'
import type { ItemKey } from '../../lib/ports/item-store.ts'
import { deadLetterPartition, headKey, segmentChunkKey } from '../../lib/state/item-keys.ts'
import { blockNode } from '../../lib/state/lane-entries.ts'
import { MANIFEST_NODE } from '../../lib/state/manifest.ts'
import { pagesNode } from '../../lib/state/stored-list.ts'
import { panesId } from '../../lib/state/operator/state-declaration.ts'
import { StateView } from '../../lib/runtime/state/state-view.ts'
import { pipelineOf, World } from '../unit/runtime/harness.ts'
import { actionsIn, fixture, newStack, type Statement, statementsOf, textOf } from './stacks.ts'

const APP = 'my.totals'

const granted = (): readonly Statement[] => {
  const stack = newStack()
  const app = new StreamingApp(stack, 'App', { entry: fixture('stateful') })
  app.grantReadState(
    new Role(stack, 'Somebody', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }),
  )
  return statementsOf(Template.fromStack(stack), 'SomebodyDefaultPolicy')
}

/** Whether a pattern of a policy, with asterisks, has this text. */
const allows = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${parts.join('.*')}$`).test(text)
  })

const segmentOf = (node: string) =>
  segmentChunkKey(APP, { node, part: 1, at: '000000000000005', by: 'attempt' }, 3)

/** The partitions that a reader uses of a state whose lists of segments have pages. */
const partitionsRead = async (): Promise<ReadonlySet<string>> => {
  const world = new World()
  const app = world.deploy(
    pipelineOf(
      (ssc) => {
        ssc
          .socketTextStream('host', 1)
          .mapToPair((line) => [line, 1])
          .updateStateByKey<number>((ones, total = 0) => total + ones.length, { partitions: 2 })
          .named('totals')
          .foreachRDD(() => undefined)
      },
      { whenIdle: 'tick' },
    ),
  )
  for (let batch = 0; batch < 60; batch++) {
    const words = Array.from({ length: 50 }, (_, index) => `word ${(batch * 37 + index) % 3_000}`)
    await app.append('socketTextStream-1', 1 + batch * words.length, words)
    await app.tick()
  }
  const read = new Set<string>()
  const store = {
    ...world.store,
    get: async (key: ItemKey) => {
      read.add(key.partition)
      return world.store.get(key)
    },
  }
  const view = await StateView.open({ store, app: 'app', clock: world.clock }, 'totals')
  await view.get('word 1')
  await view.count()
  return new Set([...read].map((partition) => partition.replace(/^app#/, `${APP}#`)))
}

describe('grantReadState', () => {
  const statements = granted()
  const of = (action: string): Statement =>
    statements.find((one) => actionsIn([one]).includes(action)) as Statement
  const keys = (
    of('dynamodb:GetItem').Condition as Record<string, Record<string, readonly string[]>>
  )['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] as readonly string[]
  const blobs = (of('s3:GetObject').Resource as readonly unknown[]).map((one) =>
    textOf(one).replace(/^.*\.Arn\//, ''),
  )

  test.each([
    { what: 'the manifests', key: segmentOf(MANIFEST_NODE) },
    { what: 'the totals', key: segmentOf('totals') },
    { what: 'the results of the window with an inverse', key: segmentOf('minute') },
  ])('allows $what, in the table and in the bucket', ({ key }) => {
    expect(allows(keys, key.partition)).toBe(true)
    expect(allows(blobs, blobName(key))).toBe(true)
  })

  test('allows all that a reader of a state of many batches reads', async () => {
    const partitions = await partitionsRead()
    expect([...partitions].some((one) => one.includes('#@pages/totals#'))).toBe(true)
    for (const partition of partitions) {
      expect([partition, allows(keys, partition)]).toEqual([partition, true])
      const blob = blobName({ partition, sort: '000000000000005#attempt#0' })
      if (partition.includes('#seg#')) expect(allows(blobs, blob)).toBe(true)
    }
  })

  test('allows the head', () => expect(allows(keys, headKey(APP).partition)).toBe(true))

  test.each([
    { what: 'records that wait', partition: segmentOf(blockNode('totals', 'shard')).partition },
    { what: 'the batches of a window', partition: segmentOf(panesId('minute')).partition },
    { what: 'their pages', partition: segmentOf(pagesNode(panesId('minute'))).partition },
    { what: 'a state of another application', partition: segmentOf('totals').partition.slice(1) },
    { what: 'lanes', partition: `${APP}#in#0` },
    { what: 'dead letters', partition: deadLetterPartition(APP, 0) },
  ])('does not allow $what', ({ partition }) => {
    expect(allows(keys, partition)).toBe(false)
    expect(allows(blobs, blobName({ partition, sort: '000000000000005#attempt#0' }))).toBe(false)
  })

  test('gives what openState uses, and no other action', () => {
    expect(actionsIn(statements)).toEqual([
      'dynamodb:GetItem',
      's3:GetObject',
      's3:ListBucket',
      'ssm:GetParameter',
    ])
  })
})

test('the functions may use the blobs of an application whose name has a dot', () => {
  const stack = newStack()
  new StreamingApp(stack, 'App', { entry: fixture('stateful') })
  const driver = statementsOf(Template.fromStack(stack), 'AppDriverPolicy')
  const blobs = driver
    .filter((one) => actionsIn([one]).includes('s3:DeleteObject'))
    .map(({ Resource }) => textOf(Resource).replace(/^.*\.Arn\//, ''))
  expect(allows(blobs, blobName(segmentOf('totals')))).toBe(true)
})
