import { Size } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb'
import { type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Architecture, LayerVersion, LoggingFormat, Tracing } from 'aws-cdk-lib/aws-lambda'
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { build } from 'esbuild'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bundleOptions } from '../../infra/bundle.ts'
import { copyPackages } from '../../infra/copy-packages.ts'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { actionsIn, fixture, newStack, statementsOf, synthesise } from './stacks.ts'

const ROLES = ['intake', 'driver'] as const
const LAYER = 'arn:aws:lambda:eu-west-1:123456789012:layer:own:1'

/** The properties of a function in a template. */
const propertiesOf = (template: Template, role: (typeof ROLES)[number]): object => {
  const found = template.findResources('AWS::Lambda::Function', {
    Properties: { Handler: `${role}.handler` },
  })
  return (Object.values(found)[0] as { readonly Properties: object }).Properties
}

describe('a setting of both functions', () => {
  const layer = Match.arrayWith([LAYER])
  test.each<{ name: string; props: Partial<StreamingAppProps>; shown: object }>([
    {
      name: 'environment',
      props: { environment: { STAGE: 'test' } },
      shown: { Environment: { Variables: Match.objectLike({ STAGE: 'test' }) } },
    },
    {
      name: 'NODE_OPTIONS in environment',
      props: { environment: { NODE_OPTIONS: '--max-old-space-size=900' } },
      shown: {
        Environment: {
          Variables: Match.objectLike({
            NODE_OPTIONS: '--enable-source-maps --max-old-space-size=900',
          }),
        },
      },
    },
    {
      name: 'tracing',
      props: { tracing: Tracing.ACTIVE },
      shown: { TracingConfig: { Mode: 'Active' } },
    },
    {
      name: 'architecture',
      props: { architecture: Architecture.X86_64 },
      shown: { Architectures: ['x86_64'] },
    },
    {
      name: 'loggingFormat',
      props: { loggingFormat: LoggingFormat.JSON },
      shown: { LoggingConfig: Match.objectLike({ LogFormat: 'JSON' }) },
    },
  ])('$name', ({ props, shown }) => {
    const { template } = synthesise('clicks', () => props)
    for (const role of ROLES)
      template.hasResourceProperties('AWS::Lambda::Function', {
        Handler: `${role}.handler`,
        ...shown,
      })
  })

  test('layers', () => {
    const { template } = synthesise('clicks', (stack) => ({
      layers: [LayerVersion.fromLayerVersionArn(stack, 'Layer', LAYER)],
    }))
    template.allResourcesProperties('AWS::Lambda::Function', { Layers: layer })
  })

  test('none of them changes the template', () => {
    for (const role of ROLES) {
      const properties = propertiesOf(synthesise('clicks').template, role)
      expect(Object.keys(properties)).not.toContain('VpcConfig')
      expect(properties).toMatchObject({ Architectures: ['arm64'] })
    }
  })

  test('no variable of the construct can be replaced', () => {
    expect(() => synthesise('clicks', () => ({ environment: { MILLRACE_TABLE: 'mine' } }))).toThrow(
      /ARGUMENT_INVALID[^]*MILLRACE_TABLE/,
    )
  })
})

test('a setting of one function is not one of the other', () => {
  const { template } = synthesise('clicks', () => ({
    environment: { STAGE: 'test' },
    driver: {
      environment: { ONLY: 'driver' },
      ephemeralStorageSize: Size.gibibytes(2),
      reservedConcurrentExecutions: 3,
      functionProps: { functionName: 'the-driver', environment: { MORE: 'yes' } },
    },
  }))
  expect(propertiesOf(template, 'driver')).toMatchObject({
    EphemeralStorage: { Size: 2_048 },
    ReservedConcurrentExecutions: 3,
    FunctionName: 'the-driver',
    Environment: { Variables: { STAGE: 'test', ONLY: 'driver', MORE: 'yes' } },
  })
  expect(propertiesOf(template, 'intake')).not.toHaveProperty('EphemeralStorage')
  expect(propertiesOf(template, 'intake')).not.toHaveProperty('Environment.Variables.ONLY')
})

describe('in a network', () => {
  const inNetwork = synthesise('clicks', (stack) => {
    const vpc = new Vpc(stack, 'Vpc', { natGateways: 0 })
    const subnets = { subnets: vpc.isolatedSubnets }
    return {
      vpc,
      vpcSubnets: subnets,
      securityGroups: [new SecurityGroup(stack, 'Group', { vpc: vpc as IVpc })],
    }
  })

  test('both functions are in its subnets and groups', () => {
    const { template } = inNetwork
    template.allResourcesProperties('AWS::Lambda::Function', {
      VpcConfig: {
        SecurityGroupIds: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^Group'), 'GroupId'] }],
        SubnetIds: Match.anyValue(),
      },
    })
  })

  test('Lambda may attach them, under a policy of this construct', () => {
    for (const id of ['AppIntakePolicy', 'AppDriverPolicy'])
      expect(actionsIn(statementsOf(inNetwork.template, id))).toContain(
        'ec2:CreateNetworkInterface',
      )
    inNetwork.template.allResourcesProperties('AWS::IAM::Role', {
      ManagedPolicyArns: Match.absent(),
    })
  })

  test('its connections are those of both functions', () => {
    const { app } = synthesise('clicks', (stack) => ({ vpc: new Vpc(stack, 'Vpc') }))
    expect(app.connections.securityGroups).toHaveLength(2)
    expect(inNetwork.app.connections.securityGroups).toHaveLength(1)
  })

  test('without one, it has no connections', () => {
    expect(() => synthesise('clicks').app.connections).toThrow(/VPC/i)
  })
})

describe('who is granted something', () => {
  const stack = newStack()
  const app = new StreamingApp(stack, 'App', { entry: fixture('clicks') })
  const key = { name: 'id', type: AttributeType.STRING }
  new Table(stack, 'OwnTable', { partitionKey: key }).grantReadData(app)
  new Bucket(stack, 'OwnBucket', { encryption: BucketEncryption.KMS }).grantRead(app)
  const actions = ['secretsmanager:GetSecretValue']
  app.addToRolePolicy(new PolicyStatement({ actions, resources: ['arn:aws:a:b:c:d'] }))
  const template = Template.fromStack(stack)

  test.each(['AppIntakeRoleDefaultPolicy', 'AppDriverRoleDefaultPolicy'])('is in %s', (id) => {
    expect(actionsIn(statementsOf(template, id))).toEqual(
      expect.arrayContaining(['dynamodb:GetItem', 'kms:Decrypt', ...actions]),
    )
  })
})

describe('bundling', () => {
  /** A project with a module and installed packages, by their folders. */
  const project = (packages: Readonly<Record<string, object>>, text: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-packages-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'pipeline.mjs'), text)
    for (const [place, manifest] of Object.entries(packages)) {
      mkdirSync(join(folder, place), { recursive: true })
      writeFileSync(join(folder, place, 'package.json'), JSON.stringify(manifest))
      writeFileSync(join(folder, place, 'index.js'), `module.exports = '${place}'`)
    }
    return folder
  }

  test('copies packages with what they depend on, in the versions they need', () => {
    const folder = project(
      {
        'node_modules/native': {
          dependencies: { shared: '1' },
          optionalDependencies: { 'native-linux-arm64': '1', 'native-win32': '1' },
        },
        'node_modules/native-linux-arm64': {},
        'node_modules/shared': {},
        'node_modules/other': { dependencies: { shared: '2' } },
        'node_modules/other/node_modules/shared': { dependencies: { native: '1' } },
        'node_modules/unused': {},
      },
      '',
    )
    const outdir = join(folder, 'out')
    copyPackages(['native', 'other'], join(folder, 'pipeline.mjs'), outdir)
    const copied = (place: string): boolean => existsSync(join(outdir, 'node_modules', place))
    expect(
      ['native', 'native-linux-arm64', 'shared', 'other/node_modules/shared'].map(copied),
    ).toEqual([true, true, true, true])
    expect(['unused', 'native-win32'].map(copied)).toEqual([false, false])
  })

  test('names a package that is not installed', () => {
    const entry = join(project({}, ''), 'pipeline.mjs')
    expect(() => copyPackages(['sharp'], entry, '/nowhere')).toThrow(
      /PACKAGE_MISSING[^]*sharp[^]*npm install sharp/,
    )
  })

  test('leaves out what is external, and takes definitions and loaders', async () => {
    const folder = project(
      {},
      "import 'native'; import text from './q.sql'; export default [text, process.env.STAGE]",
    )
    writeFileSync(join(folder, 'q.sql'), 'select 42')
    const outdir = join(folder, 'out')
    const { stdin: _, ...options } = bundleOptions(fixture('clicks'), outdir, {
      nodeModules: ['native'],
      define: { 'process.env.STAGE': '"the stage"' },
      loader: { '.sql': 'text' },
    })
    await build({ ...options, entryPoints: { pipeline: join(folder, 'pipeline.mjs') } })
    const text = readFileSync(join(outdir, 'pipeline.mjs'), 'utf8')
    for (const part of ['import"native"', 'select 42', 'the stage']) expect(text).toContain(part)
  })
})
