import { Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/** Says to tools as cdk-nag why a rule is broken here on purpose. */
export const acknowledge = (construct: IConstruct, id: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id, reason })
