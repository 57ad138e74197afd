/** Checks of the construct's properties, before anything is created. */
import { Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { MillraceError } from '../lib/base/errors.ts'
import type { Binding, Bindings } from './bindable.ts'
import { typeOfBinding } from './kinds.ts'
import type { PlanSummary } from './plan-summary.ts'

const INTERVAL_MS_MIN = 1_000
/** The longest that a queue holds a message back. */
const INTERVAL_MS_MAX = 900_000

/**
 * Checks that a queue can time the batches.
 *
 * @throws MillraceError `INTERVAL_UNFIT`.
 */
export const checkInterval = ({ name, intervalMs }: PlanSummary): void => {
  if (intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX) return
  throw new MillraceError('INTERVAL_UNFIT', {
    problem: `The batch interval of "${name}" cannot be kept on AWS`,
    value: `${intervalMs} ms`,
    allowed: 'from 1 second to 15 minutes',
    fix: 'choose another batchInterval',
  })
}

/**
 * Checks that everything is in one region: events do not leave theirs.
 *
 * @throws MillraceError `BINDING_UNFIT`.
 */
export const checkRegions = (scope: Construct, bindings: Bindings): void => {
  const { region } = Stack.of(scope)
  for (const [name, binding] of Object.entries(bindings)) {
    const theirs = regionOf(binding)
    if (Token.isUnresolved(region) || Token.isUnresolved(theirs) || theirs === region) continue
    const noun = typeOfBinding(binding)?.noun ?? 'construct'
    throw new MillraceError('BINDING_UNFIT', {
      problem: `The ${noun} that "${name}" is bound to is in another region than the stack`,
      value: theirs,
      allowed: region,
      fix: 'deploy the stack in the region of its data',
    })
  }
}

/** The region in the ARN: a construct that was imported by an ARN may not have taken it over. */
const regionOf = (binding: Binding): string => {
  const arn = typeOfBinding(binding)?.arnOf(binding)
  const [, , , inArn] = arn === undefined || Token.isUnresolved(arn) ? [] : arn.split(':')
  return inArn === undefined || inArn === '' ? binding.env.region : inArn
}

/**
 * Checks that a generation can order deployments.
 *
 * @throws MillraceError `ARGUMENT_INVALID`.
 */
export const checkGeneration = (generation: number | undefined): void => {
  if (generation === undefined || (Number.isSafeInteger(generation) && generation >= 1)) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The generation must be a number that orders deployments',
    value: generation,
    allowed: 'a whole number from 1 that grows with each deployment',
    fix: 'leave it out: then each deployment takes the next number',
  })
}

const APP_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/**
 * The name of the application, if a parameter can have it.
 *
 * @throws MillraceError `ARGUMENT_INVALID`.
 */
export const checkAppName = (appName: string): string => {
  if (APP_NAME.test(appName)) return appName
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The name of an application is part of the name of a parameter',
    value: appName,
    allowed: 'up to 64 letters, digits, "_", "." and "-"; the first is a letter or a digit',
    fix: 'give appName as plain text: a value that only CloudFormation knows comes too late',
  })
}
