import type { Parameter } from '../parameter.ts'
import type { SourceNode } from '../plan-node.ts'
import type { SourceDeclaration } from './declaration.ts'

/**
 * A node that brings records in. `operator` is the method that users call. `parameters` is the part
 * of the declaration that defines what the node means, and is part of the plan hash.
 */
export const sourceNode = (
  operator: string,
  parameters: Readonly<Record<string, Parameter>>,
  source: SourceDeclaration,
): SourceNode =>
  Object.freeze({
    role: 'source',
    kind: operator,
    parents: [],
    parameters,
    source: Object.freeze(source),
  })
