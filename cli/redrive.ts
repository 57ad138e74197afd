import { obstacleTexts, type Obstacle } from '../lib/runtime/dead-letters/filter.ts'
import { redrive } from '../lib/runtime/dead-letters/redrive.ts'
import type { DeadLetterOptions } from './dead-letter-options.ts'
import { callDriver } from './call-driver.ts'
import type { OpenApp } from './open-app.ts'
import { count } from '../lib/base/amount-text.ts'
import { type Answer } from './reports/answer.ts'
import { parseSince } from './since.ts'
import type { AppCommand } from './arguments.ts'

type RedriveCommand = Extract<AppCommand, { readonly name: 'redrive' }>

/** The filter for the dead letters that the options choose. */
export const deadLetterFilter = async (
  { clock, lastMs, deployed }: OpenApp,
  { since, before, code, source, position }: DeadLetterOptions,
): Promise<{
  readonly fromMs: number
  readonly toMs: number
  readonly beforeMs?: number
  readonly code?: string
  readonly source?: string
  readonly position?: string
  readonly sources?: readonly string[]
}> => ({
  fromMs: parseSince(since, clock.now()) ?? 0,
  toMs: await lastMs(),
  ...(before === undefined ? {} : { beforeMs: parseSince(before, clock.now()) ?? Infinity }),
  ...(position === undefined ? {} : { position }),
  ...(code === undefined ? {} : { code }),
  ...(source === undefined ? {} : { source }),
  ...(deployed === undefined ? {} : { sources: deployed.sources }),
})

/** `millrace redrive`. */
export const redriveDeadLetters = async (
  opened: OpenApp,
  { deadLetters, again }: RedriveCommand,
): Promise<Answer> => {
  const { limit } = deadLetters
  let isWoken = false
  const parts = { ...opened, woke: () => void (isWoken = true) }
  const done = await redrive(parts, {
    ...(await deadLetterFilter(opened, deadLetters)),
    again,
    ...(limit === undefined ? {} : { limit }),
  })
  const called = isWoken ? await callDriver(opened) : { object: {}, note: '' }
  return {
    object: { done: 'redriven', app: opened.app, ...done, ...called.object },
    text: redrivenText(opened.app, done) + called.note,
  }
}

const redrivenText = (
  app: string,
  { records, finished, left }: Awaited<ReturnType<typeof redrive>>,
): string => {
  const reasons = Object.entries(left).map(
    ([why, number]) => `  ${count(number, 'record')}: ${obstacleTexts[why as Obstacle]}`,
  )
  return [
    `${app}: ${count(records, 'record')} redriven. The next batches take them.`,
    ...(finished === 0
      ? []
      : [`Also ${count(finished, 'record')} of an earlier redrive that had not finished.`]),
    ...(reasons.length === 0 ? [] : ['Not redriven:', ...reasons]),
    '',
  ].join('\n')
}
