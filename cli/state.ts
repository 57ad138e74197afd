/** `millrace state`: reads the keyed state of an application, and writes it while nothing runs. */
import { readFileSync } from 'node:fs'
import { MillraceError } from '../lib/base/errors.ts'
import { importState } from '../lib/runtime/operations/import-state.ts'
import { knownStates } from '../lib/runtime/state/known-states.ts'
import { definedIn, entriesIn, keyIn, lineOf, valueText } from '../lib/runtime/state/state-lines.ts'
import type { StateEntry } from '../lib/runtime/state/state-partition-reader.ts'
import { newestManifest, StateView } from '../lib/runtime/state/state-view.ts'
import { callDriver } from './call-driver.ts'
import { expiryText } from './expiry-text.ts'
import { EXIT } from './exit-codes.ts'
import { fileTarget, type LineWriter, lineWriter } from './line-writer.ts'
import type { OpenApp } from './open-app.ts'
import { count } from '../lib/base/amount-text.ts'
import { say, timeText } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'
import type { StateAction } from './state-options.ts'
import { isParquet, loadParquet } from './state-parquet.ts'
import type { AppCommand } from './arguments.ts'

type Command = Extract<AppCommand, { readonly name: 'state' }>
type Does<A extends StateAction['action']> = Extract<StateAction, { readonly action: A }>

/** A state was read; what it is the state of. Data alone goes to the standard output. */
const noteBatch = (batchMs: number, { err }: Outputs, more = ''): void =>
  err.print(`after the batch of ${timeText(batchMs)}${more}\n`)

/** Carries out the command. Returns the exit code. */
export const keyedStates = async (
  opened: OpenApp,
  { does, json }: Command,
  outputs: Outputs,
): Promise<number> => {
  switch (does.action) {
    case 'list':
      return list(opened, json, outputs)
    case 'get':
      return get(opened, does, json, outputs)
    case 'scan':
      return scan(opened, does, json, outputs)
    case 'count':
      return countKeys(opened, does, json, outputs)
    case 'export':
      return exportLines(opened, does, json, outputs)
    default:
      return importFile(opened, does, json, outputs)
  }
}

const list = async (opened: OpenApp, json: boolean, outputs: Outputs): Promise<number> => {
  const { manifest } = await newestManifest(opened)
  const states = []
  for (const state of knownStates(manifest)) {
    if (state.holds === 'window') states.push({ ...state, batchMs: manifest.timeMs })
    else {
      const view = await StateView.open(opened, state.id)
      const keys = await view.count()
      states.push({ ...state, keys, batchMs: view.timeMs })
    }
  }
  const lines = states.map((state) => {
    const keys = 'keys' in state ? count(state.keys, 'key') : 'batches, and no keys'
    return (
      `  ${state.id}  ${state.kind}, ${count(state.partitions, 'partition')}, ${keys}, ` +
      `${count(state.bytes, 'byte')}${expiryText(state)}, ` +
      `after the batch of ${timeText(state.batchMs)}\n`
    )
  })
  const text = lines.length === 0 ? ' no state\n' : `\n${lines.join('')}`
  say({ object: { app: opened.app, states }, text: `${opened.app}:${text}` }, json, outputs)
  return EXIT.ok
}

const get = async (
  opened: OpenApp,
  { state, key: typed }: Does<'get'>,
  json: boolean,
  outputs: Outputs,
): Promise<number> => {
  const view = await StateView.open(opened, state)
  const key = keyIn(typed)
  const found = await view.get(key)
  if (json) {
    const { timeMs: batchMs } = view
    const { state: value, touchedMs, timerMs, expiresMs } = found ?? {}
    const shown = { value, ...definedIn({ touchedMs, timerMs, expiresMs }) }
    const object = {
      key,
      found: found !== undefined,
      ...(found === undefined ? {} : shown),
      batchMs,
    }
    outputs.out.print(`${valueText(object)}\n`)
  } else if (found !== undefined) {
    outputs.out.print(`${valueText(found.state)}\n`)
    noteBatch(view.timeMs, outputs, whatComes(found))
  } else {
    outputs.err.print(
      `${state} has no state for the key ${valueText(key)}, ` +
        `after the batch of ${timeText(view.timeMs)}${hintOf(key, typed)}\n`,
    )
  }
  return found === undefined ? EXIT.noState : EXIT.ok
}

/** What will happen to a key by time alone. */
const whatComes = ({ expiresMs, timerMs }: StateEntry): string =>
  (timerMs === undefined ? '' : `; its timer is due at ${timeText(timerMs)}`) +
  (expiresMs === undefined
    ? ''
    : `; it ends after ${timeText(expiresMs)} if no record comes for it`)

/** Somebody who types 5 may mean the text "5". */
const hintOf = (key: unknown, typed: string): string =>
  typeof key === 'string'
    ? ''
    : `\nit was read as JSON; if the key is text, type it with quotes: '${JSON.stringify(typed)}'`

const scan = async (
  opened: OpenApp,
  { state, limit }: Does<'scan'>,
  json: boolean,
  outputs: Outputs,
): Promise<number> => {
  const view = await StateView.open(opened, state)
  const { timeMs, entries } = await view.readAll()
  const writer = lineWriter(outputs.out)
  const more = await writeUpTo(limit, entries, async (entry) =>
    writer.write(json ? lineOf(entry) : `${valueText(entry.key)}\t${valueText(entry.state)}\n`),
  )
  await writer.end()
  noteBatch(
    timeMs,
    outputs,
    more.left ? '; there are more: --limit N, or millrace state export' : '',
  )
  return EXIT.ok
}

/** Writes entries up to a limit. Gives their number, and whether there are more. */
const writeUpTo = async (
  limit: number,
  entries: AsyncIterable<StateEntry>,
  write: (entry: StateEntry) => Promise<void>,
): Promise<{ readonly written: number; readonly left: boolean }> => {
  let written = 0
  for await (const entry of entries) {
    if (written >= limit) return { written, left: true }
    await write(entry)
    written += 1
  }
  return { written, left: false }
}

const countKeys = async (
  opened: OpenApp,
  { state }: Does<'count'>,
  json: boolean,
  outputs: Outputs,
): Promise<number> => {
  const view = await StateView.open(opened, state)
  const keys = await view.count()
  say({ object: { state, keys, batchMs: view.timeMs }, text: `${keys}\n` }, json, outputs)
  if (!json) noteBatch(view.timeMs, outputs)
  return EXIT.ok
}

const exportLines = async (
  opened: OpenApp,
  { state, limit, to }: Does<'export'>,
  json: boolean,
  outputs: Outputs,
): Promise<number> => {
  const view = await StateView.open(opened, state)
  const { timeMs, entries } = await view.readAll()
  const written = isParquet(to)
    ? await writeParquet(to, entries, limit)
    : await writeAll(lineWriter(to ?? outputs.out), entries, limit)
  const keys = count(written, 'key')
  if (to === undefined) noteBatch(timeMs, outputs, `: ${keys}`)
  else
    say(
      {
        object: { done: 'exported', app: opened.app, state, keys: written, to, batchMs: timeMs },
        text: `${state}: ${keys} written to ${to}, after the batch of ${timeText(timeMs)}\n`,
      },
      json,
      outputs,
    )
  return EXIT.ok
}

const writeAll = async (
  writer: LineWriter,
  entries: AsyncIterable<StateEntry>,
  limit: number,
): Promise<number> => {
  try {
    const { written } = await writeUpTo(limit, entries, async (entry) =>
      writer.write(lineOf(entry)),
    )
    await writer.end()
    return written
  } catch (error) {
    writer.giveUp()
    throw error
  }
}

const writeParquet = async (
  to: string,
  entries: AsyncIterable<StateEntry>,
  limit: number,
): Promise<number> => {
  const toParquet = await loadParquet()
  const target = fileTarget(to)
  try {
    const rows: StateEntry[] = []
    await writeUpTo(limit, entries, async (entry) => void rows.push(entry))
    await target.take(toParquet(rows))
    target.end()
    return rows.length
  } catch (error) {
    target.giveUp()
    throw error
  }
}

const importFile = async (
  opened: OpenApp,
  { state, file, merge, yes, ifBatchMs }: Does<'import'>,
  json: boolean,
  outputs: Outputs,
): Promise<number> => {
  if (!merge && !yes)
    throw new MillraceError('USAGE', {
      problem: 'millrace state import replaces the states of all keys, and cannot be undone',
      value: state,
      allowed: 'only with --yes, or with --merge, which keeps the keys that the file does not have',
      fix: `save the state first: millrace state export ${state} --to FILE ${opened.target}`,
    })
  const entries = entriesIn(readGiven(file))
  const done = await importState(opened, {
    id: state,
    entries,
    merge,
    ...(ifBatchMs === undefined ? {} : { ifBatchMs }),
  })
  const called = await callDriver(opened)
  const text =
    `${state}: ${count(entries.length, 'line')} imported, ` +
    `${count(done.keysBefore, 'key')} before and ${done.keys.toLocaleString('en-US')} now. ` +
    `The first batch after ${timeText(done.batchMs)} starts from there.\n`
  say(
    {
      object: {
        done: 'imported',
        app: opened.app,
        lines: entries.length,
        ...done,
        ...called.object,
      },
      text: text + called.note,
    },
    json,
    outputs,
  )
  return EXIT.ok
}

const readGiven = (file: string): Uint8Array => {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new MillraceError('USAGE', {
      problem: 'The file with the states cannot be read',
      value: file,
      allowed: 'a file that millrace state export has written',
      fix: 'check the path',
      cause: error,
    })
  }
}
