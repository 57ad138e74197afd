/** What examples/README.md says: the examples with their commands, and what each shows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tidy/source.ts'

/** A section of the page. */
export interface ExampleSection {
  /** `word-count`. */
  readonly name: string
  /** Whole lines of a shell, without comments. The first one needs no server. */
  readonly commands: readonly string[]
}

const page = readFileSync(join(root, 'examples', 'README.md'), 'utf8')

const commandsIn = (block: string): readonly string[] =>
  block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => line !== '')

/** The examples, in the order of the page. */
export const sections: readonly ExampleSection[] = [
  ...page.matchAll(/^## (?<name>[a-z-]+)\n.*?^```sh\n(?<block>.*?)^```/gms),
].map(({ groups = {} }) => ({
  name: groups['name'] ?? '',
  commands: commandsIn(groups['block'] ?? ''),
}))

/** The command of an example that needs no server. */
export const commandOf = (name: string): string => {
  const [command] = sections.find((one) => one.name === name)?.commands ?? []
  if (command === undefined) throw new Error(`examples/README.md has no command of ${name}`)
  return command
}

/** The bindings in commands: `lines=./in`. */
export const bindingsIn = (commands: readonly string[]): readonly string[] =>
  commands.flatMap((command) =>
    [...command.matchAll(/--bind (?:'([^']+)'|(\S+))/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    ),
  )

/** The names in the tables, each with the examples that show it. */
export const shown: ReadonlyMap<string, readonly string[]> = new Map(
  [...page.matchAll(/^\| `(?<what>\w+)`[^|]*\|(?<where>[^|]*)\|$/gm)].map(({ groups = {} }) => [
    groups['what'] ?? '',
    [...(groups['where'] ?? '').matchAll(/\(#([a-z-]+)\)/g)].map(([, name = '']) => name),
  ]),
)
