import { Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { MillraceError } from '../lib/base/errors.ts'
import { type Binding, isBucket, isStream } from './bindings.ts'
import type { PlanSummary } from './plan-summary.ts'

const INTERVAL_MS_MIN = 1_000
/** The longest that a queue holds a message back. */
const INTERVAL_MS_MAX = 900_000

/** Errors: `INTERVAL_UNFIT`. */
export const checkInterval = ({ name, intervalMs }: PlanSummary): void => {
  if (intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX) return
  throw new MillraceError('INTERVAL_UNFIT', {
    problem: `The batch interval of "${name}" cannot be kept on AWS`,
    value: `${intervalMs} ms`,
    allowed: 'from 1 second to 15 minutes',
    fix: 'choose another batchInterval',
  })
}

/** Events do not leave their region. Errors: `BINDING_UNFIT`. */
export const checkRegions = (
  scope: Construct,
  bindings: Readonly<Record<string, Binding>>,
): void => {
  const { region } = Stack.of(scope)
  for (const [name, binding] of Object.entries(bindings)) {
    const theirs = binding.env.region
    if (Token.isUnresolved(region) || Token.isUnresolved(theirs) || theirs === region) continue
    throw new MillraceError('BINDING_UNFIT', {
      problem: `The ${isBucket(binding) ? 'bucket' : 'stream'} that "${name}" is bound to is in another region than the stack`,
      value: theirs,
      allowed: region,
      fix: 'deploy the stack in the region of its data',
    })
  }
}

/** Two copies of the CDK, or plain names, would end in errors that nobody understands. Errors: `BINDING_UNFIT`. */
export const checkBindings = (bindings: Readonly<Record<string, unknown>>): void => {
  for (const [name, binding] of Object.entries(bindings)) {
    if (
      typeof binding === 'object' &&
      binding !== null &&
      (isBucket(binding as Binding) || isStream(binding as Binding))
    )
      continue
    throw new MillraceError('BINDING_UNFIT', {
      problem: `The name "${name}" is bound to neither a stream nor a bucket`,
      value: typeof binding === 'string' ? binding : typeof binding,
      allowed: 'an IStream or an IBucket',
      fix: `Stream.fromStreamArn(...), Bucket.fromBucketName(...), or leave "${name}" out and it is created`,
    })
  }
}

/** Errors: `ARGUMENT_INVALID`. */
export const checkedGeneration = (generation: number): number => {
  if (Number.isSafeInteger(generation) && generation >= 1) return generation
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The generation orders deployments',
    value: generation,
    allowed: 'a whole number from 1 that grows with each deployment',
  })
}

const APP_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/** Errors: `ARGUMENT_INVALID`. */
export const checkedAppName = (appName: string): string => {
  if (APP_NAME.test(appName)) return appName
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The name of an application is part of the name of a parameter',
    value: appName,
    allowed:
      'up to 64 letters, digits, "_", "." and "-", the first a letter or digit; none that only CloudFormation knows',
  })
}
