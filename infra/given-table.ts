/** A table of the user for everything that an application stores. */
import { Stack } from 'aws-cdk-lib'
import type { Construct, IConstruct } from 'constructs'
import { MillraceError } from '../lib/base/errors.ts'
import { type AnyTable, ITEMS } from './resources.ts'
import { shapeOf } from './table-shape.ts'

/**
 * Checks a table that was given, as far as anything is known of it. Keys of an imported table are
 * seen when the number of the deployment is written into it.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when its keys are others, when nothing expires in it, or
 * when another application of this name in the program has it.
 */
export const checkTable = (scope: Construct, table: AnyTable, app: string): void => {
  checkAlone(scope, table, app)
  const shape = shapeOf(table)
  if (shape === undefined) return
  const found = [
    ...shape.keys.map(({ name, role, type = '' }) => `${name} ${role} ${type}`),
    `expires: ${shape.expiry ?? 'nothing'}`,
  ]
  const wanted = [`${ITEMS.partitionKey} HASH S`, `${ITEMS.sortKey} RANGE S`, `expires: ${EXPIRY}`]
  if (found.toSorted().join() === wanted.toSorted().join()) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The table cannot hold what the application stores',
    value: found.join(', '),
    allowed: wanted.join(', '),
    fix:
      `give it partitionKey: { name: '${ITEMS.partitionKey}', type: AttributeType.STRING }, ` +
      `sortKey: { name: '${ITEMS.sortKey}', type: AttributeType.STRING } and ` +
      `timeToLiveAttribute: '${EXPIRY}'`,
  })
}

const EXPIRY: string = ITEMS.expiry

/** Which applications have which given tables, by program. */
const taken = new WeakMap<IConstruct, Map<string, string>>()

const checkAlone = (scope: Construct, table: AnyTable, app: string): void => {
  const { root } = scope.node
  const ofProgram = taken.get(root) ?? new Map<string, string>()
  taken.set(root, ofProgram)
  const place = JSON.stringify([Stack.of(table).resolve(table.tableArn), app])
  const other = ofProgram.get(place)
  ofProgram.set(place, scope.node.path)
  if (other === undefined) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `Two applications with the pipeline "${app}" have the same table`,
    value: `${other} and ${scope.node.path}`,
    allowed: 'applications of different names in a table',
    fix: 'give one of them another table, or give one of the pipelines another name',
  })
}
