/** All functions as one: who is granted something, and who may connect to something. */
import { Connections } from 'aws-cdk-lib/aws-ec2'
import {
  type AddToPrincipalPolicyResult,
  CompositePrincipal,
  type IPrincipal,
  type PolicyStatement,
} from 'aws-cdk-lib/aws-iam'
import type { Worker } from './functions.ts'

/** Gives each statement to the roles of all functions. */
class FunctionsPrincipal extends CompositePrincipal {
  readonly #roles: readonly IPrincipal[]

  constructor(roles: readonly [IPrincipal, ...IPrincipal[]]) {
    super(...roles)
    this.#roles = roles
  }

  override addToPrincipalPolicy(statement: PolicyStatement): AddToPrincipalPolicyResult {
    const results = this.#roles.map((role) => role.addToPrincipalPolicy(statement))
    return results[0] ?? { statementAdded: false }
  }
}

/** The principal that stands for all functions. */
export const principalOf = (workers: readonly [Worker, ...Worker[]]): IPrincipal => {
  const [first, ...others] = workers
  return new FunctionsPrincipal([
    first.role,
    // Executors share one.
    ...new Set(others.map(({ role }) => role)),
  ])
}

/** The connections of all functions. Throws without a network, as those of a function do. */
export const connectionsOf = (workers: readonly Worker[]): Connections =>
  new Connections({
    securityGroups: [
      ...new Set(workers.flatMap((worker) => worker.function.connections.securityGroups)),
    ],
  })
