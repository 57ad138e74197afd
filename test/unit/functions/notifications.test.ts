import { describe, expect, test } from 'vitest'
import { pipelineOf } from '../runtime/harness.ts'
import { BUCKET, Deployed, toBucket } from './deployed.ts'

/** An application over a bucket that prints the lines of its objects. */
const deploy = (): Deployed =>
  new Deployed(
    pipelineOf((ssc) => ssc.textFileStream('lines').print(100)),
    { sources: { 'textFileStream-1': toBucket } },
  )

const linesOf = (app: Deployed): readonly string[] =>
  app
    .printed()
    .flatMap(([, lines]) => lines)
    .toSorted()

/** Uploads an object whose line is its key. Returns the message that announces it. */
const upload = (app: Deployed, key: string): string =>
  app.notification(key, app.write(key, `${key}\n`))

const inTopic = (message: string): string =>
  JSON.stringify({ Type: 'Notification', TopicArn: 'arn', MessageId: 'm', Message: message })

const fromBridge = (key: string): object => ({
  source: 'aws.s3',
  'detail-type': 'Object Created',
  time: new Date(0).toISOString(),
  detail: { bucket: { name: BUCKET }, object: { key } },
})

describe('a malformed message', () => {
  test.each([
    ['that is not JSON', 'hello'],
    ['that is null', 'null'],
    ['of something else', JSON.stringify({ Records: [{ s3: 1 }] })],
  ])('%s, comes again alone, and the messages beside it count', async (_, bad) => {
    const app = deploy()
    const answer = await app.deliver(upload(app, 'a'), bad, upload(app, 'b'))
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }] })
    await app.pass(2)
    expect(linesOf(app)).toEqual(['a', 'b'])
    expect(app.logged('messageRefused')).toEqual([
      expect.objectContaining({ messageId: 'message-1', code: 'EVENT_INVALID' }),
    ])
  })

  test('without good ones beside it is named in the answer too', async () => {
    const app = deploy()
    expect(await app.deliver('null', 'null')).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-0' }, { itemIdentifier: 'message-1' }],
    })
  })

  test('comes again with all others if the good ones cannot be stored', async () => {
    const app = deploy()
    const message = upload(app, 'a')
    app.world.store.fail({ call: 'compareAndSet', to: 'app#in#', times: 4 })
    await expect(app.deliver('null', message)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await app.deliver('null', message)
    await app.pass(2)
    expect(linesOf(app)).toEqual(['a'])
  })
})

describe('an object is counted when its notification comes', () => {
  test.each<[string, (app: Deployed) => Promise<unknown>]>([
    ['from the bucket', (app) => app.deliver(upload(app, 'a b+é'))],
    ['in an envelope of SNS', (app) => app.deliver(inTopic(upload(app, 'a b+é')))],
    [
      'from EventBridge through the queue',
      (app) => {
        app.write('a b+é', 'a b+é\n')
        return app.deliver(JSON.stringify(fromBridge('a b+é')))
      },
    ],
    [
      'from EventBridge to the function itself',
      (app) => {
        app.write('a b+é', 'a b+é\n')
        return app.invokeIntake(fromBridge('a b+é'))
      },
    ],
    [
      'from the bucket to the function itself',
      (app) => app.invokeIntake(JSON.parse(upload(app, 'a b+é')) as object),
    ],
    [
      'from SNS to the function itself',
      (app) =>
        app.invokeIntake({
          Records: [{ EventSource: 'aws:sns', Sns: { Message: upload(app, 'a b+é') } }],
        }),
    ],
  ])('%s', async (_, announce) => {
    const app = deploy()
    await app.pass(2)
    await announce(app)
    await app.pass(3)
    expect(linesOf(app)).toEqual(['a b+é'])
  })
})

test.each<[string, object]>([
  ['an event of another service', { source: 'aws.ec2', 'detail-type': 'EC2 Instance' }],
  ['an event of S3 that cannot be read', { source: 'aws.s3', 'detail-type': 'Object Created' }],
  ['an empty event', {}],
])('%s that invokes the function itself is refused', async (_, event) => {
  await expect(deploy().invokeIntake(event)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
})

describe('an object that is uploaded before the driver first runs is new', () => {
  test.each([0, 500, 30_000])('%d ms before', async (ms) => {
    const app = deploy()
    await app.deliver(upload(app, 'first'))
    app.world.advance(ms)
    await app.pass(3)
    await app.deliver(upload(app, 'second'))
    await app.pass(3)
    expect(linesOf(app)).toEqual(['first', 'second'])
  })

  test('but one without a notification is from before', async () => {
    const app = deploy()
    app.write('before', 'before\n')
    app.world.advance(500)
    await app.pass(40, 60_000)
    expect(linesOf(app)).toEqual([])
  })
})
