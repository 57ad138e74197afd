/**
 * What a program pipes into a run is read by the one source that has no binding, as if the binding
 * were given. So a pipeline runs between other commands: `cat access.log | millrace run totals.ts`.
 */
import { fstatSync } from 'node:fs'
import { MillraceError } from '../lib/base/errors.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import { sourceName, TEXT } from '../lib/dstream/sources/declaration.ts'
import type { BindingOptions } from '../lib/runtime/bindings.ts'
import { unboundSources } from '../lib/runtime/unbound-sources.ts'

/** The descriptor of the standard input. */
const STDIN = 0

/** How a binding names the standard input. */
const URI = '-'

/** The bindings that read it. */
const READS_INPUT = /=(?:-|stdin:.*)$/is

/** The binding of a source to the standard input. */
export const bindingToInput = (name: string): string => `${name}=${URI}`

/**
 * Whether somebody gives this process input: through a pipe of a shell, or from a file. A terminal
 * and `/dev/null` are devices. A socket is what a program of Node leaves open for its child, and
 * most never write to it.
 */
export const isInputPiped = (): boolean => {
  try {
    const status = fstatSync(STDIN)
    return status.isFIFO() || status.isFile()
  } catch {
    return false
  }
}

/**
 * The name of the one source without a binding. Undefined: each source has a location, or
 * a binding reads the standard input.
 *
 * @throws MillraceError `BINDING_MISSING` when several sources have none. `BINDING_UNFIT` when the
 * one that has none does not read text.
 */
export const pipedSource = (plan: Plan, options: BindingOptions): string | undefined => {
  if (options.bindings.some((binding) => READS_INPUT.test(binding))) return undefined
  const unbound = unboundSources(plan, options)
  const [first, ...more] = unbound
  if (first === undefined) return undefined
  const names = unbound.map(({ id, node }) => sourceName(id, node.source))
  const [name = ''] = names
  if (more.length > 0)
    throw new MillraceError('BINDING_MISSING', {
      problem: 'Several sources have no binding, and only one can read the standard input',
      value: names.join(', '),
      allowed: 'one source without a binding',
      fix: `say what each one reads, for example ${namesBound(names)}`,
    })
  const { elements } = first.node.source
  // What cannot be bound at all is told by the search for its location.
  if (first.node.source.name === undefined) return undefined
  if (elements === TEXT) return name
  throw new MillraceError('BINDING_UNFIT', {
    problem:
      `The source "${name}" has no binding, and the standard input does not fit: it gives ` +
      `lines of text, and the source reads ${elements}`,
    value: name,
    allowed: 'a source of text',
    fix: `bind it to what it reads (--bind ${name}=URI), or read text and decode it with map()`,
  })
}

const namesBound = (names: readonly string[]): string =>
  names.map((name, index) => `--bind ${name}=${index === 0 ? URI : `./in-${index + 1}`}`).join(' ')
