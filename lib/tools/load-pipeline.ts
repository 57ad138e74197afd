import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ErrorCode, MillraceError, preview } from '../base/errors.ts'
import type { Plan } from '../dstream/plan.ts'
import { isPipeline, type Pipeline } from '../dstream/stream.ts'

/**
 * The plan of the pipeline that a module exports.
 *
 * @throws MillraceError `MODULE_NOT_FOUND`, `MODULE_UNREADABLE`, `MODULE_INVALID`, and what
 * building the plan throws: `PLAN_NO_OUTPUT`, `ARGUMENT_INVALID` and others.
 */
export const loadPlan = async (module: string): Promise<Plan> => {
  const file = resolve(module)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new MillraceError('MODULE_NOT_FOUND', {
      problem: 'There is no such module',
      value: module,
      allowed: 'the path of a file: .ts, .js or .mjs',
      fix: 'check the path; it starts from the directory you are in',
    })
  }
  const pipeline = pipelineOf(module, await importModule(module, file))
  try {
    return pipeline.build()
  } catch (error) {
    throw ownError(error, module, 'The function that describes the pipeline threw')
  }
}

const importModule = async (
  module: string,
  file: string,
): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SyntaxError)
      throw unreadable(
        module,
        'The module does not compile',
        syntaxFix(error),
        syntaxErrorAtPlace(error, file),
      )
    throw ownError(error, module, 'The module threw while it was loaded')
  }
}

const pipelineOf = (
  module: string,
  { default: exported }: Readonly<Record<string, unknown>>,
): Pipeline => {
  if (isPipeline(exported)) return exported
  throw new MillraceError('MODULE_INVALID', {
    problem:
      exported === undefined
        ? 'The module has no default export'
        : `The default export of the module was not made by stream(): it is ${preview(exported)}`,
    value: module,
    allowed: 'a module whose default export is a pipeline',
    fix: "export default stream('name', { batchInterval: seconds(10) }, (ssc) => { ... })",
  })
}

const unreadable = (module: string, problem: string, fix: string, cause: unknown): MillraceError =>
  new MillraceError('MODULE_UNREADABLE', { problem, value: module, fix, cause })

/** Our own errors say enough; of any other the place is what helps. */
const ownError = (error: unknown, module: string, problem: string): MillraceError =>
  isMillraceError(error)
    ? error
    : unreadable(module, problem, 'mend the module at the place below', thrownAtPlace(error))

/** Also of another copy of the library. */
const isMillraceError = (error: unknown): error is MillraceError & { readonly code: ErrorCode } =>
  error instanceof Error && error.name === 'MillraceError'

/** An error with the place in its message, where it is shown. */
class Placed extends Error {
  constructor(error: Error, place: readonly string[]) {
    super([error.message, ...place].join('\n'), { cause: error })
    this.name = error.name
  }
}

const FRAMES_SHOWN = 3

const thrownAtPlace = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node:'))
  return new Placed(
    error,
    frames.slice(0, FRAMES_SHOWN).map((line) => line.trim()),
  )
}

const syntaxFix = (error: Error): string =>
  (error as NodeJS.ErrnoException).code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
    ? 'Node leaves types out and compiles nothing: write it without enum, namespace and ' +
      'parameter properties (erasableSyntaxOnly in tsconfig.json finds them)'
    : 'mend the module at the place below'

/**
 * Node puts the place before the message, where it tells it at all; of plain JavaScript it tells
 * only those who check a file.
 */
const syntaxErrorAtPlace = (error: Error, file: string): Error => {
  const place = placeBefore(error, error.stack ?? '')
  return new Placed(
    error,
    place.length > 0
      ? place
      : placeBefore(
          error,
          spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' }).stderr,
        ),
  )
}

const placeBefore = ({ name }: Error, text: string): readonly string[] => {
  const lines = text.split('\n')
  const end = lines.findIndex((line) => line.startsWith(name))
  return lines.slice(0, Math.max(0, end)).filter((line) => line.trim() !== '')
}
