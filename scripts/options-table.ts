/** The options of the construct, from the comments of their interfaces. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An option, what its comment says, and its default. */
export interface Option {
  readonly name: string
  readonly says: string
  readonly byDefault: string
}

const infra = join(import.meta.dirname, '..', 'infra')

/** The files with the interfaces of options. */
const FILES = {
  StreamingAppProps: 'props.ts',
  SharedFunctionSettings: 'function-settings.ts',
  FunctionSettings: 'function-settings.ts',
} as const

/** An interface of options. */
export type OptionsInterface = keyof typeof FILES

const MEMBER = /^ {2}\/\*\*([^]*?)\*\/\n {2}readonly (\w+)\??:/gm

/** The options of an interface, with those of the interface that it extends. */
export const optionsOf = (name: OptionsInterface): readonly Option[] => {
  const text = readFileSync(join(infra, FILES[name]), 'utf8')
  const [, above, body = ''] =
    new RegExp(`interface ${name} (?:extends (\\w+) )?\\{([^]*?)\\n\\}`).exec(text) ?? []
  const own = [...body.matchAll(MEMBER)].map(([, comment = '', option = '']) => {
    const words = comment.replaceAll(/\s*\n\s*\*? ?/g, ' ')
    const [says = '', byDefault = ''] = words.split('@default')
    return { name: option, says: firstSentence(says), byDefault: byDefault.replace(/^\s*- /, '') }
  })
  return above === undefined ? own : [...own, ...optionsOf(above as OptionsInterface)]
}

const firstSentence = (text: string): string =>
  (/^.*?[.:](?= [A-Z`'{]| *$)/.exec(text.trim())?.[0] ?? text).replace(/[.:]$/, '').trim()

/** Rows of a table: the option, what it is, and its default. */
export const optionRows = (name: OptionsInterface): readonly (readonly string[])[] =>
  optionsOf(name).map(({ name: option, says, byDefault }) =>
    [`\`${option}\``, says, byDefault.trim() === '' ? 'must be given' : byDefault.trim()].map(
      (cell) => cell.replaceAll('|', '\\|'),
    ),
  )
