/** Clusters of Kafka that names of a pipeline can be bound to. Both exist already. */
import { Fn, Resource } from 'aws-cdk-lib'
import type { ISecurityGroup, IVpc, SubnetSelection, Vpc } from 'aws-cdk-lib/aws-ec2'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'

/** A cluster that AWS manages, MSK or MSK Serverless. */
export interface ManagedCluster {
  /** `arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/ID`. */
  readonly clusterArn: string
  /**
   * The secret for a log-in with SASL/SCRAM.
   *
   * @default - Lambda logs in with the role of intake, which gets the rights it needs
   */
  readonly secret?: ISecret
}

/** A cluster of your own, or of another company. */
export interface SelfManagedCluster {
  /** Brokers to begin with, as `HOST:PORT`. */
  readonly brokers: readonly string[]
  /**
   * The secret for the log-in, as Lambda wants it: `username` and `password`.
   *
   * @default - no log-in, which Lambda only allows inside of a network of yours
   */
  readonly secret?: ISecret
  /**
   * How Lambda logs in with the secret.
   *
   * @default 'SASL_SCRAM_512_AUTH'
   */
  readonly authentication?: 'BASIC_AUTH' | 'SASL_SCRAM_256_AUTH' | 'SASL_SCRAM_512_AUTH'
  /**
   * A secret with the certificate of the authority, under `certificate`.
   *
   * @default - the brokers have certificates of a public authority
   */
  readonly rootCertificate?: ISecret
  /**
   * The network of the brokers. Lambda reads them from there.
   *
   * @default - they are reached over the internet
   */
  readonly network?: {
    readonly vpc: IVpc | Vpc
    readonly subnets?: SubnetSelection
    readonly securityGroup: ISecurityGroup
  }
}

/**
 * A cluster of Kafka, to bind names of a pipeline to. The pipeline says which topic it reads.
 *
 * @example
 * ```ts
 * const cluster = new KafkaCluster(this, 'Shop', {
 *   clusterArn: 'arn:aws:kafka:eu-west-1:111111111111:cluster/shop/1234',
 * })
 * new StreamingApp(this, 'Orders', { entry: 'pipeline.ts', bindings: { orders: cluster } })
 * ```
 */
export class KafkaCluster extends Resource {
  /** What was given. */
  readonly cluster: ManagedCluster | SelfManagedCluster
  /** The ARN of the cluster, or its brokers: tells clusters apart. */
  readonly clusterPlace: string

  constructor(scope: Construct, id: string, cluster: ManagedCluster | SelfManagedCluster) {
    super(scope, id)
    this.cluster = cluster
    this.clusterPlace = 'clusterArn' in cluster ? cluster.clusterArn : cluster.brokers.join()
  }
}

/** Of a topic or a group of a managed cluster: what rights are on. */
export const arnInCluster = (clusterArn: string, type: string, name: string): string => {
  const [beginning, cluster, id] = [0, 1, 2].map((part) =>
    Fn.select(part, Fn.split('/', clusterArn)),
  )
  const head = Fn.select(0, Fn.split(':cluster', beginning as string))
  return `${head}:${type}/${cluster}/${id}/${name}`
}
