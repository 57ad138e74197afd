/** Which operator of a plan failed, and where the user's module declares it. */
import { firstPlaceIn, stackOf } from '../base/error-places.ts'
import { isMillraceError, type MillraceError } from '../base/errors.ts'
import type { Plan, Planned } from '../dstream/plan.ts'

/**
 * The error of an operator or an output, with its id and the place where it is declared. An error
 * of an operator before it, whose elements were made only now, names that one already.
 */
export const blamed = (error: unknown, { id, node }: Planned, plan: Plan): unknown => {
  if (!isMillraceError(error) || Object.isFrozen(error)) return error
  const { operator } = error
  // Some errors name only the kind: they are thrown where the id is not known.
  const isKnown = operator !== undefined && plan.nodes.some((planned) => planned.id === operator)
  if (!isKnown && (operator === undefined || operator === node.kind)) error.operator = id
  const line = lineOf(plan, blameOf(plan, error))
  if (!error.message.includes(LINE)) error.message += `${LINE}${line}`
  return error
}

const LINE = '\n  in:      '

/** An operator that failed. */
export interface Blame {
  readonly operator?: string
  readonly declaredAt?: string
  /** Where it threw, in the user's module. */
  readonly thrownAt?: string
}

/** The operator that an error names, with the place where it is declared. */
export const blameOf = (plan: Plan, error: MillraceError): Blame => {
  const { operator } = error
  if (operator === undefined) return {}
  // Of the cut stack: it goes into the head, and anyone may set the text of a stack.
  const thrownAt = firstPlaceIn(stackOf(error.cause) ?? '')
  return {
    operator,
    ...declaredIn(plan, operator),
    ...(thrownAt === undefined ? {} : { thrownAt }),
  }
}

/** Where an operator is declared, if that is known. */
export const declaredIn = ({ nodes }: Plan, operator: string): Pick<Blame, 'declaredAt'> => {
  // A plan of another copy of the library may know no places.
  const node: Partial<Planned> | undefined = nodes.find(({ id }) => id === operator)
  const declaredAt = node?.declaredAt?.()
  return declaredAt === undefined ? {} : { declaredAt }
}

/** For people: `mapWithState "totals", declared at words.ts:5:9`. */
const lineOf = (plan: Plan, { operator = '', declaredAt }: Blame): string => {
  const kind = plan.nodes.find(({ id }) => id === operator)?.node.kind
  const isNamed = kind !== undefined && operator !== kind && !operator.startsWith(`${kind}-`)
  const name = isNamed ? `${kind} "${operator}"` : operator
  return `${name}${declaredAt === undefined ? '' : `, declared at ${declaredAt}`}`
}
