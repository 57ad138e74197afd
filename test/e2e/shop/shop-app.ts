/**
 * The deployed application as its users see it: requests, a table that others change, and two
 * tables of totals.
 *
 * The emulator makes the URL of a function but serves no HTTP at it. So `post` invokes intake with
 * the event that Lambda makes of a request, and reads the answer that Lambda would send.
 */
import {
  CreateTableCommand,
  DeleteItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { clientSettings } from '../../../lib/adapters/aws/clients.ts'
import { dynamodbClient } from '../../../lib/adapters/aws/dynamodb-client.ts'
import { Application, lambdaClient } from '../deployed/application.ts'
import { bootstrap, deploy, synthesiseApp } from '../deployed/cdk.ts'
import { numbersOf } from '../deployed/table-numbers.ts'

/** What the stacks of the test are given. */
export interface Given {
  readonly endpoint: string
  readonly secretArn: string
  /** The table of each stack, and the name under which the command line finds its application. */
  readonly stocks: readonly (Pick<Stock, 'tableArn' | 'tableStreamArn'> & {
    readonly stack: string
    readonly appName: string
  })[]
}

/** A request to the URL. */
export interface Request {
  readonly body?: string | Uint8Array
  readonly method?: string
  readonly path?: string
  /** In any case: Lambda gives them in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What the client gets. */
export interface Answer {
  readonly status: number
  readonly body: string
}

export const SECRET = 'open-sesame'

/** The second one gets the copy of a replay. */
const APPS = ['shop', 'shop-next'] as const
const stackOf = (appName: string): string => appName.replace('shop', 'Shop')

/** The event that Lambda makes of a request: bytes are base64, and so is all that is encoded. */
const eventOf = ({
  body = '',
  method = 'POST',
  path = '/orders',
  headers = {},
}: Request): object => {
  const isText = typeof body === 'string'
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    requestContext: {
      requestId: randomUUID(),
      timeEpoch: Date.now(),
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    },
    body: isText ? body : Buffer.from(body).toString('base64'),
    isBase64Encoded: !isText,
  }
}

const thing = (name: string): { readonly thing: { readonly S: string } } => ({ thing: { S: name } })

/** The table that others change. It is there before the application. */
export class Stock {
  readonly #table: string
  readonly tableArn: string
  readonly tableStreamArn: string
  /** How often an item was changed. */
  changes = 0

  private constructor(table: string, tableArn: string, tableStreamArn: string) {
    this.#table = table
    this.tableArn = tableArn
    this.tableStreamArn = tableStreamArn
  }

  static async create(table: string): Promise<Stock> {
    const { TableDescription } = await dynamodbClient().send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'thing', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'thing', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    )
    const { TableArn = '', LatestStreamArn = '' } = TableDescription ?? {}
    return new Stock(table, TableArn, LatestStreamArn)
  }

  async put(name: string, units: number): Promise<void> {
    const Item = { ...thing(name), units: { N: String(units) } }
    await dynamodbClient().send(new PutItemCommand({ TableName: this.#table, Item }))
    this.changes += 1
  }

  async add(name: string, units: number): Promise<void> {
    await dynamodbClient().send(
      new UpdateItemCommand({
        TableName: this.#table,
        Key: thing(name),
        UpdateExpression: 'ADD units :units',
        ExpressionAttributeValues: { ':units': { N: String(units) } },
      }),
    )
    this.changes += 1
  }

  async remove(name: string): Promise<void> {
    const item = { TableName: this.#table, Key: thing(name) }
    await dynamodbClient().send(new DeleteItemCommand(item))
    this.changes += 1
  }

  /** What is there, as everybody reads it. */
  units(): Promise<Readonly<Record<string, number>>> {
    return numbersOf(this.#table, { key: 'thing', value: 'units' })
  }
}

/** See the head of this file. */
export class Shop extends Application {
  /** Deploys it from an empty folder, and once more over another table. */
  static async deploy(
    folder: string,
    stocks: readonly [Stock, Stock],
    endpoint: string,
  ): Promise<readonly [shop: Shop, next: Shop]> {
    const secrets = new SecretsManagerClient(clientSettings())
    const { ARN: secretArn = '' } = await secrets.send(
      new CreateSecretCommand({ Name: 'shop-orders', SecretString: SECRET }),
    )
    secrets.destroy()
    const given: Given = {
      endpoint,
      secretArn,
      stocks: stocks.map(({ tableArn, tableStreamArn }, index) => {
        const appName = APPS[index] as string
        return { tableArn, tableStreamArn, appName, stack: stackOf(appName) }
      }),
    }
    await bootstrap(endpoint)
    const program = join(import.meta.dirname, 'cdk-app.ts')
    await synthesiseApp(endpoint, program, { MILLRACE_E2E: JSON.stringify(given) }, folder)
    const outputs = await deploy(endpoint, folder, APPS.map(stackOf))
    const [shop, next] = APPS.map((name) => new Shop('shop', outputs[stackOf(name)] ?? {}))
    return [shop as Shop, next as Shop]
  }

  /** Sends a request. */
  async post(request: Request): Promise<Answer> {
    const { FunctionError, Payload = new Uint8Array() } = await lambdaClient().send(
      new InvokeCommand({
        FunctionName: this.intake,
        Payload: Buffer.from(JSON.stringify(eventOf(request))),
      }),
    )
    const text = Buffer.from(Payload).toString()
    if (FunctionError !== undefined) return { status: 502, body: text }
    const { statusCode, body } = JSON.parse(text) as {
      readonly statusCode: number
      readonly body: string
    }
    return { status: statusCode, body }
  }

  /** A table of totals. */
  totals(name: 'Ordered' | 'Stocked'): Promise<Readonly<Record<string, number>>> {
    return numbersOf(this.output(`Test${name}`))
  }
}
