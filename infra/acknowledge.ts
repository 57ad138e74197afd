import { Stack, Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/** Tells tools such as cdk-nag why a construct breaks a rule on purpose. */
export const acknowledge = (construct: IConstruct, id: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id, reason })

/** An ARN as cdk-nag shows it: parts that only CloudFormation knows are in angle brackets. */
const formatArn = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  const {
    'Fn::Join': join,
    'Fn::GetAtt': attribute,
    Ref: ref,
  } = value as Readonly<Record<string, unknown>>
  if (Array.isArray(join))
    return (join[1] as readonly unknown[]).map(formatArn).join(String(join[0]))
  return Array.isArray(attribute) ? `<${attribute.join('.')}>` : `<${String(ref)}>`
}

/** Explains an ARN with an asterisk in a policy. cdk-nag wants each of them explained by name. */
export const acknowledgeAsterisk = (construct: IConstruct, arn: string, reason: string): void => {
  const shown = formatArn(Stack.of(construct).resolve(arn))
  if (shown.includes('*')) acknowledge(construct, `AwsSolutions-IAM5[Resource::${shown}]`, reason)
}
