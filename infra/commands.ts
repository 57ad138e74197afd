import { CfnOutput } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Command } from './deployed-kind.ts'

const lettersAndDigits = (id: string): string => id.replaceAll(/[^A-Za-z0-9]/g, '')

/** The name of an output without the hash that the CDK appends: people read it. */
const outputName = (output: CfnOutput): string => {
  const { scopes } = output.node
  const inStack = scopes.slice(scopes.indexOf(output.stack) + 1)
  return inStack.map(({ node: { id } }) => lettersAndDigits(id)).join('')
}

/** Prints commands to copy after the deployment: what to do next. The first of an id counts. */
export const printCommands = (scope: Construct, commands: readonly Command[]): void => {
  const byName = Map.groupBy(commands, ({ id }) => lettersAndDigits(id))
  for (const { id, value, description } of [...byName.values()].flatMap((same) =>
    same.slice(0, 1),
  )) {
    const output = new CfnOutput(scope, id.replaceAll('/', '-'), { value, description })
    output.overrideLogicalId(outputName(output))
  }
}
