import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import { type MetricName, metricOf, namespaceOf } from './metrics.ts'

/** What an application shows of itself in CloudWatch. */
export abstract class MeasuredApp extends Construct {
  /** The namespace of its metrics. */
  protected readonly namespace: string = namespaceOf(this.node.path)

  /** The age of the oldest record that no batch has taken, in ms. Default: a minute's maximum. */
  metricLag(props?: MetricOptions): Metric {
    return this.metric('Lag', props)
  }

  /** Batches that were completed. Default: the sum of a minute. */
  metricBatches(props?: MetricOptions): Metric {
    return this.metric('Batches', props)
  }

  /** Records in completed batches. Default: the sum of a minute. */
  metricRecords(props?: MetricOptions): Metric {
    return this.metric('Records', props)
  }

  /** Attempts of batches that failed. Default: the sum of a minute. */
  metricFailedBatches(props?: MetricOptions): Metric {
    return this.metric('FailedBatches', props)
  }

  /** Records that were put aside. Default: the sum of a minute. */
  metricDeadLetters(props?: MetricOptions): Metric {
    return this.metric('DeadLetters', props)
  }

  /** Any metric of the application. */
  metric(name: MetricName, props?: MetricOptions): Metric {
    return metricOf(this.namespace, name, props)
  }
}
