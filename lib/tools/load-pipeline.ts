import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { placeOf, stackOf } from '../base/error-places.ts'
import { preview } from '../base/error-text.ts'
import { type ErrorCode, MillraceError } from '../base/errors.ts'
import type { Plan } from '../dstream/plan.ts'
import { isPipeline, type Pipeline } from '../dstream/stream.ts'
import { fixOfModule, isImportError } from './module-errors.ts'
import { LoadedFiles } from './loaded-files.ts'
import { withShownPaths } from './shown-paths.ts'

/**
 * Loads a module, and builds the plan of the pipeline that it exports.
 *
 * @throws MillraceError `MODULE_NOT_FOUND`, `MODULE_UNREADABLE`, `MODULE_INVALID`, and what
 * building the plan throws: `PLAN_NO_OUTPUT`, `ARGUMENT_INVALID` and others.
 */
export const loadPlan = async (module: string): Promise<Plan> =>
  (await loadPipelineCode(module)).plan

/** A plan, and the hash of the code that it was built by. */
export interface LoadedPipeline {
  readonly plan: Plan
  /**
   * Over the text of the module and of all files that it imports, without installed packages. Equal
   * in two processes, or threads, that have loaded the same code.
   */
  readonly code: string
}

/** As {@link loadPlan}, with the hash of the code. `loading` notes the files, also if it fails. */
export const loadPipelineCode = async (
  module: string,
  loading: LoadedFiles = new LoadedFiles(),
): Promise<LoadedPipeline> => {
  const file = resolve(module)
  if (!isFile(file)) {
    throw new MillraceError('MODULE_NOT_FOUND', {
      problem: 'This module does not exist',
      value: module,
      allowed: 'the path of a file: .ts, .mts, .js or .mjs',
      fix: 'check the path: it is relative to the current directory',
    })
  }
  const pipeline = pipelineOf(module, await importModule(module, file).finally(() => loading.end()))
  try {
    return { plan: pipeline.build(), code: codeOf(file, loading) }
  } catch (error) {
    const problem = 'The function that describes the pipeline threw'
    throw explainError(error, file, module, problem, pipeline.declaredAt)
  }
}

/** The hashes of the modules that this process has. It loads each of them once. */
const codes = new Map<string, string>()

const codeOf = (file: string, loading: LoadedFiles): string => {
  const code = codes.get(file) ?? loading.hash
  codes.set(file, code)
  return code
}

const isFile = (file: string): boolean => {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    // A directory above it may not be entered: the import says so.
    return true
  }
}

const importModule = async (
  module: string,
  file: string,
): Promise<Readonly<Record<string, unknown>>> => {
  try {
    // So that places are in what the user wrote, also in JavaScript that was compiled.
    process.setSourceMapsEnabled(true)
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SyntaxError) {
      const located = addSyntaxLocation(error, file)
      const fix = fixOfModule(error, file) ?? fixOfModule(located, file) ?? FIX_AT_LINE
      throw unreadable(module, 'The module does not compile', fix, located)
    }
    if (isImportError(error))
      throw unreadable(
        module,
        'A module that it imports could not be loaded',
        fixOfModule(error, file) ?? FIX_AT_LINE,
        new LocatedError(error, []),
      )
    throw explainError(error, file, module, 'The module threw while it was loaded')
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
        : `The default export does not come from stream(): it is ${preview(exported)}`,
    value: module,
    allowed: 'a module whose default export is a pipeline',
    fix: "export default stream('name', { batchInterval: seconds(10) }, (ssc) => { ... })",
  })
}

const unreadable = (module: string, problem: string, fix: string, cause: unknown): MillraceError =>
  new MillraceError('MODULE_UNREADABLE', { problem, value: module, fix, cause })

/** Errors of Millrace are complete. To any other error, the line where it was thrown is added. */
const explainError = (
  error: unknown,
  file: string,
  module: string,
  problem: string,
  declaredAt?: Pipeline['declaredAt'],
): MillraceError =>
  isMillraceError(error)
    ? atUsersLine(error, declaredAt)
    : unreadable(module, problem, fixOfModule(error, file) ?? FIX_AT_LINE, addStack(error))

/** What a call in the module has refused, with the line of that call. */
const atUsersLine = (error: MillraceError, declaredAt?: Pipeline['declaredAt']): MillraceError => {
  const place = placeOf(error) ?? declaredAt?.()
  if (place === undefined || error.message.includes(place)) return error
  error.message += withShownPaths(`\n  at:      ${place}`)
  return error
}

/** Also true for an error of another copy of the library. */
const isMillraceError = (error: unknown): error is MillraceError & { readonly code: ErrorCode } =>
  error instanceof Error && error.name === 'MillraceError'

/** An error with its location in the message, so that users see it. */
class LocatedError extends Error {
  /** The file that an import did not find. */
  readonly url: unknown

  constructor(error: Error, location: readonly string[]) {
    const text = withShownPaths([error.message, ...location].join('\n'))
    super(text, error.cause === undefined ? {} : { cause: error.cause })
    this.name = error.name
    if ('url' in error) this.url = error.url
  }
}

const FIX_AT_LINE = 'fix the module at the line below'

const addStack = (error: unknown): unknown =>
  error instanceof Error ? new LocatedError(error, stackOf(error)?.split('\n') ?? []) : error

/**
 * Node puts the location before the message in the stack. For plain JavaScript it gives the
 * location only with `--check`.
 */
const addSyntaxLocation = (error: Error, file: string): Error => {
  const location = locationBefore(error, error.stack ?? '')
  return new LocatedError(
    error,
    location.length > 0
      ? location
      : locationBefore(
          error,
          spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' }).stderr,
        ),
  )
}

const locationBefore = ({ name }: Error, text: string): readonly string[] => {
  const lines = text.split('\n')
  const end = lines.findIndex((line) => line.startsWith(name))
  return lines.slice(0, Math.max(0, end)).filter((line) => line.trim() !== '')
}
