import type { Template } from 'aws-cdk-lib/assertions'
import { textOf } from './stacks.ts'

/** A widget of a dashboard, as far as tests look at it. */
export interface Widget {
  readonly type: string
  readonly width: number
  readonly x: number
  readonly properties: {
    readonly title?: string
    readonly query?: string
    readonly metrics?: readonly (readonly unknown[])[]
    readonly annotations?: { readonly horizontal: readonly { readonly value: number }[] }
  }
}

/** The widgets of the dashboard. What only CloudFormation knows is a logical id in them. */
export const widgetsOf = (template: Template): readonly Widget[] => {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'))
  const { DashboardBody } = (dashboard as { Properties: { DashboardBody: unknown } }).Properties
  const { widgets } = JSON.parse(textOf(DashboardBody)) as { readonly widgets: readonly Widget[] }
  return widgets
}
