/**
 * The stacks of the test: a URL that asks for a secret, and a table that was there before; and the
 * same pipeline once more, which nothing feeds.
 */
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { join } from 'node:path'
import { StreamingApp } from '../../../infra/streaming-app.ts'
import { nameParts } from '../deployed/emulated-app.ts'
import type { Given } from './shop-app.ts'

const { endpoint, secretArn, stocks } = JSON.parse(process.env['MILLRACE_E2E'] ?? '{}') as Given

const app = new App()
for (const { stack: name, appName, tableArn, tableStreamArn } of stocks) {
  const stack = new Stack(app, name)
  const shop = new StreamingApp(stack, 'Shop', {
    entry: join(import.meta.dirname, 'shop.ts'),
    appName,
    bindings: {
      orders: Secret.fromSecretCompleteArn(stack, 'Secret', secretArn),
      stock: Table.fromTableAttributes(stack, 'Stock', { tableArn, tableStreamArn }),
    },
  })
  nameParts(shop, endpoint)
  const facts = {
    Url: shop.url?.url,
    Ordered: shop.tables['ordered']?.tableName,
    Stocked: shop.tables['stocked']?.tableName,
  }
  for (const [fact, value] of Object.entries(facts))
    if (value !== undefined) new CfnOutput(stack, `Test${fact}`, { value })
}
