/**
 * The CDK construct: `import { StreamingApp } from 'millrace/cdk'`. It needs the packages
 * aws-cdk-lib, constructs and esbuild.
 */
export type { AlarmSettings, AlarmTuning } from './alarm-settings.ts'
export type { Bindables, Binding, GivenBindings, NamedResources } from './bindable.ts'
export {
  KafkaCluster,
  type ManagedCluster,
  type SelfManagedCluster,
} from './sources/kafka/cluster.ts'
export type { Worker } from './functions.ts'
export type { MetricName } from './metrics.ts'
export type { ExecutorSettings, FunctionSettings, StreamingAppProps } from './props.ts'
export type { QueuePair } from './queues.ts'
export { StreamingApp } from './streaming-app.ts'
