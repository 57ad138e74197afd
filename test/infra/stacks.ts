import { App, Stack, type StackProps } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { join } from 'node:path'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'

/** A pipeline among the fixtures. */
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

/** One application in a stack, with whatever `prepare` makes for it first. */
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

/** A statement of a policy, as templates have it. */
export interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

interface PolicyResource {
  readonly Properties: { readonly PolicyDocument: { readonly Statement: readonly Statement[] } }
}

/** The statements of the policies whose logical id begins so. */
export const statementsOf = (template: Template, idPrefix: string): readonly Statement[] =>
  Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith(idPrefix))
    .flatMap(([, resource]) => (resource as PolicyResource).Properties.PolicyDocument.Statement)

/** All actions of statements, sorted. */
export const actionsIn = (statements: readonly Statement[]): readonly string[] =>
  [...new Set(statements.flatMap(({ Action }) => Action))].toSorted()
