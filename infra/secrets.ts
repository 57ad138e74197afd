/** Secrets that names of a pipeline can be bound to: how a database or a server is reached. */
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { BindableType } from './bindable.ts'

/** The classes do not implement the interface exactly, as TypeScript can be told to check it. */
export type AnySecret = ISecret | Secret

declare module './bindable.ts' {
  interface Bindables {
    secrets: AnySecret
  }
}

/** Any secret. */
export const secretType: BindableType<'secrets'> = {
  property: 'secrets',
  noun: 'secret',
  construct: 'an ISecret of aws-cdk-lib/aws-secretsmanager',
  isInstance: (value): value is AnySecret => 'secretArn' in value,
  service: 'secretsmanager',
  fromArn: (scope, id, arn) => Secret.fromSecretCompleteArn(scope, id, arn),
  arnOf: ({ secretArn }) => secretArn,
}
