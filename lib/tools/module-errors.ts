/**
 * What to write when Node could not load a module. Node says what is wrong for every kind of
 * program; here it is known that the module is a pipeline, and what people mean.
 */
import { existsSync, readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { shownPath } from './shown-paths.ts'

/** What to write instead. `file` is the module that was loaded. Undefined: nothing is known. */
export const fixOfModule = (error: unknown, file: string): string | undefined => {
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  const byCode = code === undefined ? undefined : FIXES[code]?.(error, file)
  return byCode ?? fixOfMessage(error, file)
}

type FixOf = (error: Error, file: string) => string | undefined

const FIXES: Readonly<Record<string, FixOf>> = {
  ERR_MODULE_NOT_FOUND: ({ message }) => fixOfMissing(message),
  ERR_UNSUPPORTED_DIR_IMPORT: ({ message }) => fixOfMissing(message),
  ERR_IMPORT_ATTRIBUTE_MISSING: () =>
    "say that it is JSON: import data from './data.json' with { type: 'json' }",
  ERR_UNKNOWN_FILE_EXTENSION: ({ message }) =>
    `Node reads .ts, .mts, .js, .mjs and .json, and not ${/"(\.\w+)"/.exec(message)?.[1]}: ` +
    'rename the file, or compile it first',
  ERR_UNKNOWN_BUILTIN_MODULE: () => 'check the name: Node has no such module',
  ERR_PACKAGE_PATH_NOT_EXPORTED: () =>
    'import the package by its name, or a part of it that its package.json exports',
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX: () =>
    'Node only removes types, and compiles nothing. Write a class, a union or a plain object ' +
    'instead, as its message says; erasableSyntaxOnly in tsconfig.json finds all such places',
}

const fixOfMessage: FixOf = ({ message, stack = '' }, file) => {
  const missing = /module '(.+)' does not provide an export named '(.+)'/.exec(message)
  if (missing !== null) return fixOfExport(missing[1] ?? '', missing[2] ?? '', stack)
  if (message.startsWith('require is not defined'))
    return "write import instead, for example: import { readFileSync } from 'node:fs'"
  const place = /^(__dirname|__filename) is not defined/.exec(message)?.[1]
  if (place !== undefined)
    return `write import.meta.${place === '__dirname' ? 'dirname' : 'filename'} instead`
  if (message.startsWith('Invalid or unexpected token') && /^\s*@/m.test(message))
    return 'Node knows no decorators: call the function yourself'
  const commonJs = commonJsPackage(file)
  return commonJs === undefined || !/outside a module|Unexpected token 'export'/.test(message)
    ? undefined
    : `write "type": "module" in ${shownPath(commonJs)}, where Node reads that the module is ` +
        'CommonJS and may not import; or end its name in .mts'
}

const ENDINGS = ['.ts', '.mts', '.js', '.mjs']

/** A package that is not installed, or a file whose name is not complete. */
const fixOfMissing = (message: string): string | undefined => {
  const name = /^Cannot find package '(.+)' imported/.exec(message)?.[1]
  if (name !== undefined) return `install it: npm install ${name}`
  const [, path, importer] =
    /^(?:Cannot find module|Directory import) '(.+)'.* imported from (.+)$/.exec(message) ?? []
  if (path === undefined || importer === undefined) return undefined
  const bare = ENDINGS.includes(extname(path)) ? path.slice(0, -extname(path).length) : path
  const there = [
    ...ENDINGS.map((end) => bare + end),
    ...ENDINGS.map((end) => join(path, `index${end}`)),
  ]
  const meant = there.find((one) => existsSync(one))
  return meant === undefined
    ? `check the path in ${shownPath(importer)}: there is no such file`
    : `write the whole name of the file in ${shownPath(importer)}: '${specifier(importer, meant)}'`
}

const specifier = (importer: string, file: string): string => {
  const path = relative(dirname(importer), file).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}

/** A name that is a type, or no name of the module. */
const fixOfExport = (module: string, name: string, stack: string): string => {
  const importer = /^file:\S+?(?=:\d+$)/m.exec(stack)?.[0]
  const line = `import type { ${name} } from '${module}'`
  const isKnown = importer !== undefined && module.startsWith('.')
  const text = isKnown ? textOf(new URL(module, importer)) : undefined
  if (text === undefined) return `if ${name} is a type, write: ${line}. Otherwise check the name`
  const isType = new RegExp(`export\\s+(declare\\s+)?(interface|type)\\s+${name}\\b`).test(text)
  if (isType) return `${name} is a type, and Node removes types: write ${line}`
  // It may hand on a type of another module.
  const isNamed = new RegExp(`\\b${name}\\b`).test(text) || /export\s*\*/.test(text)
  return isNamed
    ? `if ${name} is a type, write: ${line}. Otherwise check the name`
    : `check the name: '${module}' has no ${name}`
}

const textOf = (url: URL): string | undefined => {
  try {
    return readFileSync(fileURLToPath(url), 'utf8')
  } catch {
    return undefined
  }
}

/** The package.json that makes a file CommonJS. Undefined: none does. */
const commonJsPackage = (file: string): string | undefined => {
  if (!/\.[jt]s$/.test(file)) return undefined
  const path = findPackageJSON(pathToFileURL(file))
  // Where there is none, Node gives the module itself.
  if (path === undefined || basename(path) !== 'package.json') return undefined
  const { type } = JSON.parse(readFileSync(path, 'utf8')) as { readonly type?: unknown }
  return type === 'commonjs' ? path : undefined
}

/** Whether Node could not import something. Such an error has no line: nothing has run yet. */
export const isImportError = (error: unknown): error is Error => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code !== undefined && Object.hasOwn(FIXES, code)
}
