import { Stack } from 'aws-cdk-lib'
import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { type Deployment, parameterName } from '../lib/tools/deployment.ts'

/**
 * Creates the parameter that tells the command line all other names. Its own name can be guessed
 * from that of the application. It is of the tier that costs nothing.
 */
export const createParameter = (
  scope: Construct,
  appName: string,
  deployment: Deployment,
): StringParameter =>
  new StringParameter(scope, 'Parameter', {
    parameterName: parameterName(appName),
    stringValue: Stack.of(scope).toJsonString(deployment),
    tier: ParameterTier.STANDARD,
    description: `Where npx millrace --app ${appName} finds its application`,
  })
