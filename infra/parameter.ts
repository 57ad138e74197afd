import { Stack } from 'aws-cdk-lib'
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { type Deployment, parameterName } from '../lib/tools/deployment.ts'

/**
 * Creates the parameter that tells the command line all other names. Its own name can be guessed
 * from that of the application. It is of the tier that costs nothing. Call it last: it counts what
 * the application has.
 */
export const createParameter = (
  scope: Construct,
  appName: string,
  deployment: Deployment,
): StringParameter =>
  new StringParameter(scope, 'Parameter', {
    parameterName: parameterName(appName),
    stringValue: Stack.of(scope).toJsonString({ ...deployment, standing: standingOf(scope) }),
    tier: ParameterTier.STANDARD,
    description: `Where npx millrace --app ${appName} finds its application`,
  })

/** What costs the same whether records come or not. */
const standingOf = ({ node }: Construct): Deployment['standing'] => {
  const all = node.findAll()
  // A mapping of a stream or a topic begins somewhere; one of a queue does not.
  const isPolled = (one: unknown): boolean =>
    one instanceof CfnEventSourceMapping && one.startingPosition === undefined
  return {
    alarms: all.filter((one) => one instanceof Alarm).length,
    polledQueues: all.filter(isPolled).length,
  }
}
