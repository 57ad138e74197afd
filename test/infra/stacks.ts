import { App, Stack, type StackProps } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { join } from 'node:path'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'

/** The module of a fixture. */
export const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', `${name}.ts`)

/** A stack in an app that bundles nothing. */
export const newStack = (props: StackProps = {}): Stack =>
  new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', props)

/** A stack, the construct in it and its template. */
export interface Synthesised {
  readonly stack: Stack
  readonly app: StreamingApp
  readonly template: Template
}

/** One application in a stack. `prepare` creates what it needs in the stack first. */
export const synthesise = (
  name: string,
  prepare: (stack: Stack) => Partial<StreamingAppProps> = () => ({}),
): Synthesised => {
  const stack = newStack()
  const app = new StreamingApp(stack, 'App', {
    entry: fixture(name),
    generation: 7,
    ...prepare(stack),
  })
  return { stack, app, template: Template.fromStack(stack) }
}

interface FunctionResource {
  readonly Properties: {
    readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> }
  }
}

/** A value of a template as text. What only CloudFormation knows is shown by its logical id. */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  const {
    'Fn::Join': join_,
    'Fn::GetAtt': attribute,
    Ref: ref,
  } = value as {
    readonly 'Fn::Join'?: readonly [string, readonly unknown[]]
    readonly 'Fn::GetAtt'?: readonly string[]
    readonly Ref?: string
  }
  if (join_ !== undefined) return join_[1].map(textOf).join(join_[0])
  return attribute?.join('.') ?? ref ?? JSON.stringify(value)
}

/** The environment variables of a function. */
export const variablesOf = (
  template: Template,
  role: 'intake' | 'driver' | 'executor',
): Readonly<Record<string, string>> => {
  const found = template.findResources('AWS::Lambda::Function', {
    Properties: { Handler: `${role}.handler` },
  })
  const variables = Object.values(found).flatMap((resource) =>
    Object.entries((resource as FunctionResource).Properties.Environment.Variables),
  )
  return Object.fromEntries(variables.map(([name, value]) => [name, textOf(value)]))
}

/** The locations of sources or outputs that the driver is told. */
export const locationsOf = (
  template: Template,
  variable: 'MILLRACE_SOURCES' | 'MILLRACE_OUTPUTS',
): unknown => JSON.parse(variablesOf(template, 'driver')[variable] ?? '')

/** A statement of a policy, as templates have it. */
export interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

interface PolicyResource {
  readonly Properties: { readonly PolicyDocument: { readonly Statement: readonly Statement[] } }
}

/** The statements of policies, by how their logical id begins. */
export const statementsOf = (template: Template, idPrefix: string): readonly Statement[] =>
  Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith(idPrefix))
    .flatMap(([, resource]) => (resource as PolicyResource).Properties.PolicyDocument.Statement)

/** All actions of statements, sorted. */
export const actionsIn = (statements: readonly Statement[]): readonly string[] =>
  [...new Set(statements.flatMap(({ Action }) => Action))].toSorted()
