import { obstacleTexts, type Obstacle } from '../lib/runtime/dead-letters/filter.ts'
import { redrive } from '../lib/runtime/dead-letters/redrive.ts'
import type { AppCommand, DeadLetterOptions } from './arguments.ts'
import { callDriver } from './call-driver.ts'
import type { OpenApp } from './open-app.ts'
import { type Answer, count } from './reports/answer.ts'
import { parseSince } from './since.ts'

type RedriveCommand = Extract<AppCommand, { readonly name: 'redrive' }>

/** The letters that options mean. */
export const letterFilter = (
  { clock, lastMs, deployed }: OpenApp,
  { since, code, source }: DeadLetterOptions,
): {
  readonly fromMs: number
  readonly toMs: number
  readonly code?: string
  readonly source?: string
  readonly sources?: readonly string[]
} => ({
  fromMs: parseSince(since, clock.now()) ?? 0,
  toMs: lastMs,
  ...(code === undefined ? {} : { code }),
  ...(source === undefined ? {} : { source }),
  ...(deployed === undefined ? {} : { sources: deployed.sources }),
})

/** `millrace redrive`. */
export const redriveLetters = async (
  opened: OpenApp,
  { letters, again }: RedriveCommand,
): Promise<Answer> => {
  const { limit } = letters
  let isWoken = false
  const parts = { ...opened, woke: () => void (isWoken = true) }
  const done = await redrive(parts, {
    ...letterFilter(opened, letters),
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
    `${app}: ${count(records, 'record')} given back; the next batches take them.`,
    ...(finished === 0
      ? []
      : [
          `${count(finished, 'record')} of an earlier redrive, which had not come to its ` +
            'end, given back too.',
        ]),
    ...(reasons.length === 0 ? [] : ['Left where they are:', ...reasons]),
    '',
  ].join('\n')
}
