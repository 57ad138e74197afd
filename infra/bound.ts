/** The constructs that names are bound to, some of them by an ARN. */
import { Arn, ArnFormat, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { MillraceError } from '../lib/base/errors.ts'
import type { Binding, Bindings, GivenBindings } from './bindable.ts'
import { bindableTypes, shownConstructs, shownNouns, typeOfBinding } from './kinds.ts'

/**
 * A construct for each name. JavaScript lets anything be given: a plain name would end in an error
 * that nobody understands.
 *
 * @throws MillraceError `BINDING_UNFIT`.
 */
export const boundConstructs = (scope: Construct, given: GivenBindings): Bindings =>
  Object.fromEntries(
    Object.entries(given).map(([name, binding]) => [
      name,
      typeof binding === 'string' ? importArn(scope, name, binding) : checked(name, binding),
    ]),
  )

const checked = (name: string, binding: Binding): Binding => {
  if (typeOfBinding(binding) === undefined) throw unfit(name, typeof binding)
  return binding
}

const importArn = (scope: Construct, name: string, arn: string): Binding => {
  const service = Token.isUnresolved(arn) ? undefined : serviceOf(arn)
  const type = bindableTypes().find((one) => one.service === service)
  if (type === undefined) throw unfit(name, Token.isUnresolved(arn) ? 'a token' : arn)
  return type.fromArn(scope, `Bound-${name.replaceAll('/', '-')}`, arn)
}

const serviceOf = (arn: string): string | undefined =>
  arn.startsWith('arn:') && arn.split(':').length >= ARN_PARTS
    ? Arn.split(arn, ArnFormat.NO_RESOURCE_NAME).service
    : undefined

const ARN_PARTS = 6

const unfit = (name: string, value: string): MillraceError =>
  new MillraceError('BINDING_UNFIT', {
    problem: `The name "${name}" must be bound to ${shownNouns(bindableTypes())}, or to its ARN`,
    value,
    allowed: `${shownConstructs(bindableTypes())}, or a text such as ${EXAMPLE}`,
    fix: `for example Bucket.fromBucketName(...), or leave "${name}" out and it is created`,
  })

const EXAMPLE = 'arn:aws:s3:::BUCKET'
