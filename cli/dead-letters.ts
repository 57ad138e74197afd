import { closeSync, openSync, writeSync } from 'node:fs'
import { MillraceError } from '../lib/base/errors.ts'
import { deleteDeadLetters } from '../lib/runtime/dead-letters/delete.ts'
import { matches, obstacleTexts, obstacleTo } from '../lib/runtime/dead-letters/filter.ts'
import { byRecord, readDeadLetters } from '../lib/state/dead-letter-reader.ts'
import { objectOf, pageAfter, textOf, type ShownDeadLetter } from './dead-letter-text.ts'
import type { OpenApp } from './open-app.ts'
import { deadLetterFilter } from './redrive.ts'
import { count } from '../lib/base/amount-text.ts'
import { type Answer, jsonLine, say, timeText } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'
import type { AppCommand } from './arguments.ts'

type ListCommand = Extract<AppCommand, { readonly name: 'dead-letters' }>

/** `millrace dead-letters`: lists, exports or deletes dead letters. */
export const deadLetters = async (
  opened: OpenApp,
  command: ListCommand,
  { out }: Outputs,
): Promise<void> => {
  const { json } = command
  if (command.isDelete) return say(await deleteMatching(opened, command), json, { out })
  if (command.exportTo !== undefined)
    return say(await exportTo(opened, command, command.exportTo), json, { out })
  const { fromMs } = await deadLetterFilter(opened, command.deadLetters)
  const { shown, redrivable, next } = await eachDeadLetter(opened, command, (one) =>
    out.print(json ? jsonLine(objectOf(one)) : textOf(one)),
  )
  if (json) return
  out.print(summaryText(opened, { shown, redrivable, fromMs }))
  if (next !== undefined) out.print(`There are more: --page ${next}\n`)
}

interface Listed {
  readonly shown: number
  readonly redrivable: number
  /** Where the next page begins. Undefined: there is nothing more. */
  readonly next: string | undefined
}

/**
 * Visits dead letters, the newest day first. Holds one page in memory at a time, so there may be
 * any number of them.
 */
const eachDeadLetter = async (
  { store, app, ...opened }: OpenApp,
  { deadLetters: options }: ListCommand,
  visit: (shown: ShownDeadLetter) => void,
): Promise<Listed> => {
  const filter = await deadLetterFilter({ store, app, ...opened }, options)
  const { limit = Infinity, page } = options
  const after = page === undefined ? {} : { after: page }
  let shown = 0
  let redrivable = 0
  let last: string | undefined
  const found = readDeadLetters(store, app, { ...filter, first: 'newest', ...after })
  for await (const record of byRecord(found)) {
    if (!matches(record, filter)) continue
    if (shown > 0 && shown + record.length > limit) return { shown, redrivable, next: last }
    const reason = obstacleTo(record, filter)
    const obstacle = reason === undefined ? undefined : obstacleTexts[reason]
    for (const deadLetter of record) visit({ deadLetter, obstacle })
    shown += record.length
    if (reason === undefined) redrivable += 1
    last = pageAfter(record.at(-1) ?? record[0])
  }
  return { shown, redrivable, next: undefined }
}

/** Writes dead letters to a new file, one JSON object a line. Only its owner may read it. */
const exportTo = async (opened: OpenApp, command: ListCommand, file: string): Promise<Answer> => {
  const written = openNew(file)
  try {
    const { shown, next } = await eachDeadLetter(opened, command, (one) =>
      writeSync(written, jsonLine(objectOf(one))),
    )
    const more = next === undefined ? '' : `There are more: --page ${next}\n`
    return {
      object: { done: 'exported', app: opened.app, deadLetters: shown, file, next },
      text: `${opened.app}: ${count(shown, 'dead letter')} written to ${file}\n${more}`,
    }
  } finally {
    closeSync(written)
  }
}

const openNew = (file: string): number => {
  try {
    return openSync(file, 'wx', 0o600)
  } catch (error) {
    throw new MillraceError('USAGE', {
      problem: 'The file for the dead letters cannot be created',
      value: file,
      allowed: 'a new file in a directory that exists',
      fix: 'choose another name',
      cause: error,
    })
  }
}

const deleteMatching = async (
  opened: OpenApp,
  { deadLetters: options, yes }: ListCommand,
): Promise<Answer> => {
  if (!yes)
    throw new MillraceError('USAGE', {
      problem: 'Deleted dead letters cannot be redriven any more',
      value: '--delete',
      allowed: 'only with --yes',
      fix: `see which they are without --delete, then: ... --delete --yes ${opened.target}`,
    })
  const { limit } = options
  const filter = await deadLetterFilter(opened, options)
  const done = await deleteDeadLetters(opened, {
    ...filter,
    ...(limit === undefined ? {} : { limit }),
  })
  const left =
    done.reserved === 0
      ? ''
      : `${count(done.reserved, 'dead letter')} stay: a redrive of them has begun. ` +
        `Run millrace redrive ${opened.target} to finish it.\n`
  return {
    object: { done: 'deleted', app: opened.app, ...done },
    text: `${opened.app}: ${count(done.deadLetters, 'dead letter')} deleted\n${left}`,
  }
}

const summaryText = (
  { app, target }: OpenApp,
  {
    shown,
    redrivable,
    fromMs,
  }: { readonly shown: number; readonly redrivable: number; readonly fromMs: number },
): string => {
  if (shown === 0) return `${app}: no dead letters since ${timeText(fromMs)}\n`
  const back =
    redrivable === 0
      ? ''
      : `; after you have fixed the code, millrace redrive ${target} can redrive ` +
        count(redrivable, 'record')
  return `${app}: ${count(shown, 'dead letter')} since ${timeText(fromMs)}${back}\n`
}
