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
  fromArn: (scope, id, arn) => Table.fromTableArn(scope, id, arn),
  arnOf: ({ tableArn }) => tableArn,
}
