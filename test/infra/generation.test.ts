import { type App, Aspects, CfnParameter, Duration, type IAspect, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { CfnFunction, LayerVersion } from 'aws-cdk-lib/aws-lambda'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import type { IConstruct } from 'constructs'
import { describe, expect, test } from 'vitest'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { actionsIn, fixture, newStack, statementsOf, textOf } from './stacks.ts'

type Prepare = (stack: Stack) => Partial<StreamingAppProps>

const synthesise = (prepare: Prepare = () => ({}), name = 'clicks'): Template => {
  const stack = newStack()
  new StreamingApp(stack, 'App', { entry: fixture(name), ...prepare(stack) })
  return Template.fromStack(stack)
}

interface Numbered {
  readonly Content: string
  readonly References: readonly unknown[]
}

const numberedIn = (template: Template): Numbered => {
  const [resource] = Object.values(template.findResources('Custom::MillraceGeneration'))
  return (resource as { readonly Properties: Numbered }).Properties
}

const LAYER = 'arn:aws:lambda:eu-west-1:111111111111:layer:own:'
const layerOf =
  (version: number): Prepare =>
  (stack) => ({
    layers: [LayerVersion.fromLayerVersionArn(stack, 'Layer', `${LAYER}${version}`)],
  })
const always =
  (props: Partial<StreamingAppProps>): Prepare =>
  () =>
    props

/** Changes functions at the end of the synthesis, as the aspects of an organisation do. */
class Faster implements IAspect {
  visit(node: IConstruct): void {
    if (node instanceof CfnFunction) node.memorySize = 3_008
  }
}

test('two syntheses of the same code give the same template', () => {
  expect(synthesise().toJSON()).toEqual(synthesise().toJSON())
})

describe('a deployment gets another number when a function changes', () => {
  const { Content } = numberedIn(synthesise())
  test.each<{ what: string; prepare: Prepare }>([
    { what: 'a variable of both', prepare: always({ environment: { STAGE: 'test' } }) },
    { what: 'a variable of one', prepare: always({ driver: { environment: { STAGE: 'test' } } }) },
    { what: 'a time-out', prepare: always({ driver: { timeout: Duration.minutes(5) } }) },
    { what: 'the memory of intake', prepare: always({ intake: { memorySize: 2_048 } }) },
    { what: 'a layer', prepare: layerOf(1) },
    {
      what: 'a binding',
      prepare: (stack) => ({
        bindings: { results: Bucket.fromBucketName(stack, 'Theirs', 'theirs') },
      }),
    },
    {
      what: 'an aspect',
      prepare: (stack) => {
        Aspects.of(stack).add(new Faster())
        return {}
      },
    },
  ])('$what', ({ prepare }) => {
    expect(numberedIn(synthesise(prepare)).Content).not.toBe(Content)
  })

  test.each<{ what: string; prepare: Prepare }>([
    { what: 'alarms', prepare: always({ lagMax: Duration.hours(1) }) },
    { what: 'how long logs are kept', prepare: always({ logRetention: RetentionDays.ONE_DAY }) },
  ])('and keeps it when only others change: $what', ({ prepare }) => {
    expect(numberedIn(synthesise(prepare)).Content).toBe(Content)
  })

  test('another version of a layer is another content', () => {
    const [first, second] = [1, 2].map((version) => numberedIn(synthesise(layerOf(version))))
    expect(first?.Content).not.toBe(second?.Content)
  })

  test('CloudFormation compares what only it knows', () => {
    const template = synthesise((stack) => {
      const stage = new CfnParameter(stack, 'Stage')
      return { environment: { STAGE: `stage-${stage.valueAsString}` } }
    })
    expect(numberedIn(template).References).toContainEqual({ Ref: 'Stage' })
  })
})

test('what is in another stack of the program is imported', () => {
  const template = synthesise((stack) => {
    const other = new Stack(stack.node.root as App, 'Other')
    return { bindings: { results: new Bucket(other, 'Theirs') } }
  })
  const { References } = numberedIn(template)
  const text = JSON.stringify(References)
  expect(text).toMatch(/"Fn::ImportValue":"Other:ExportsOutputRefTheirs/)
  const own = Object.keys((template.toJSON() as { Resources: object }).Resources)
  const named = References.flatMap((one) => {
    const { Ref: ref, 'Fn::GetAtt': [id] = [] } = one as {
      readonly Ref?: string
      readonly 'Fn::GetAtt'?: readonly string[]
    }
    return [ref, id].filter((name) => name !== undefined && !name.startsWith('AWS::'))
  })
  expect(named.length).toBeGreaterThan(4)
  expect(own).toEqual(expect.arrayContaining(named))
})

describe('the number', () => {
  const template = synthesise()
  test('is asked of a function, with a limit, and before the driver is changed', () => {
    template.hasResourceProperties('Custom::MillraceGeneration', {
      ServiceTimeout: '300',
      App: 'clicks',
      Table: Match.anyValue(),
    })
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'driver.handler',
      Environment: {
        Variables: Match.objectLike({
          MILLRACE_GENERATION: {
            'Fn::GetAtt': [Match.stringLikeRegexp('Generation'), 'Generation'],
          },
        }),
      },
    })
  })

  test('is in the parameter as a number', () => {
    const [parameter] = Object.values(template.findResources('AWS::SSM::Parameter'))
    const { Value } = (parameter as { readonly Properties: { readonly Value: unknown } }).Properties
    const text = textOf(Value)
    expect(text).toMatch(/"generation":AppGeneration[0-9A-F]+\.Generation,/)
  })

  test('is given by a function that may do nothing else', () => {
    const statements = statementsOf(template, 'AppNumberingPolicy')
    expect(actionsIn(statements)).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ])
    expect(statements[1]?.Condition).toEqual({
      'ForAllValues:StringEquals': {
        'dynamodb:LeadingKeys': ['clicks#deployments', 'clicks#head'],
      },
    })
  })

  test('may be given by hand, and then nothing is asked', () => {
    const own = synthesise(always({ generation: 7 }))
    own.resourceCountIs('Custom::MillraceGeneration', 0)
    own.resourceCountIs('AWS::Lambda::Function', 2)
  })
})
