import { Stack, Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/** Says to tools as cdk-nag why a rule is broken here on purpose. */
export const acknowledge = (construct: IConstruct, id: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id, reason })

/** An ARN as cdk-nag names it: parts that only CloudFormation knows stand in angle brackets. */
const shownOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  const {
    'Fn::Join': join,
    'Fn::GetAtt': attribute,
    Ref: ref,
  } = value as Readonly<Record<string, unknown>>
  if (Array.isArray(join)) return (join[1] as readonly unknown[]).map(shownOf).join(String(join[0]))
  return Array.isArray(attribute) ? `<${attribute.join('.')}>` : `<${String(ref)}>`
}

/** Says why a policy allows more than one thing by an asterisk: cdk-nag wants each of them named. */
export const acknowledgeAsterisk = (construct: IConstruct, arn: string, reason: string): void => {
  const shown = shownOf(Stack.of(construct).resolve(arn))
  if (shown.includes('*')) acknowledge(construct, `AwsSolutions-IAM5[Resource::${shown}]`, reason)
}
