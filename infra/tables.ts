/** Tables of DynamoDB that names of a pipeline can be bound to. */
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { BindableType } from './bindable.ts'
import type { AnyTable } from './resources.ts'

declare module './bindable.ts' {
  interface Bindables {
    tables: AnyTable
  }
}

/** Any table. */
export const tableType: BindableType<'tables'> = {
  property: 'tables',
  noun: 'table',
  construct: 'an ITable of aws-cdk-lib/aws-dynamodb',
  isInstance: (value): value is AnyTable => 'tableArn' in value,
  service: 'dynamodb',
  // The ARN of a stream names its table too.
  fromArn(scope, id, arn) {
    const [tableArn = arn, label] = arn.split('/stream/')
    return label === undefined
      ? Table.fromTableArn(scope, id, arn)
      : Table.fromTableAttributes(scope, id, { tableArn, tableStreamArn: arn })
  },
  arnOf: ({ tableArn }) => tableArn,
}
