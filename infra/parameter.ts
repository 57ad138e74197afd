import { Stack } from 'aws-cdk-lib'
import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { type Deployment, parameterName } from '../lib/tools/deployment.ts'

/** The one thing with a name that can be guessed: from it the command line learns all others. Of the tier that costs nothing. */
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
