/** The CDK construct: `import { StreamingApp } from 'millrace/cdk'`. Needs the packages aws-cdk-lib, constructs and esbuild. */
export type { Binding } from './bindings.ts'
export type { Worker } from './functions.ts'
export type { MetricName } from './metrics.ts'
export type { FunctionSettings, StreamingAppProps } from './props.ts'
export type { QueuePair } from './queues.ts'
export { StreamingApp } from './streaming-app.ts'
