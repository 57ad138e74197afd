/** How Lambda reaches a cluster of Kafka: the part of a mapping that says it. */
import type { CfnEventSourceMapping, CfnEventSourceMappingProps } from 'aws-cdk-lib/aws-lambda'
import type { KafkaCluster, ManagedCluster, SelfManagedCluster } from './cluster.ts'

type AccessSetting = CfnEventSourceMapping.SourceAccessConfigurationProperty

const accessToManaged = ({ secret }: ManagedCluster): readonly AccessSetting[] =>
  secret === undefined ? [] : [{ type: 'SASL_SCRAM_512_AUTH', uri: secret.secretArn }]

const accessToOwn = ({
  secret,
  authentication = 'SASL_SCRAM_512_AUTH',
  rootCertificate,
  network,
}: SelfManagedCluster): readonly AccessSetting[] => [
  ...(secret === undefined ? [] : [{ type: authentication, uri: secret.secretArn }]),
  ...(rootCertificate === undefined
    ? []
    : [{ type: 'SERVER_ROOT_CA_CERTIFICATE', uri: rootCertificate.secretArn }]),
  ...(network === undefined
    ? []
    : [
        {
          type: 'VPC_SECURITY_GROUP',
          uri: `security_group:${network.securityGroup.securityGroupId}`,
        },
        ...network.vpc
          .selectSubnets(network.subnets)
          .subnetIds.map((id) => ({ type: 'VPC_SUBNET', uri: `subnet:${id}` })),
      ]),
]

/** CloudFormation refuses an empty list. */
const accessOf = (settings: readonly AccessSetting[]): Partial<CfnEventSourceMappingProps> =>
  settings.length === 0 ? {} : { sourceAccessConfigurations: [...settings] }

/** What differs between clusters that AWS manages and others. */
export const originOf = (
  { cluster }: KafkaCluster,
  consumerGroupId: string,
): Partial<CfnEventSourceMappingProps> =>
  'clusterArn' in cluster
    ? {
        eventSourceArn: cluster.clusterArn,
        amazonManagedKafkaEventSourceConfig: { consumerGroupId },
        ...accessOf(accessToManaged(cluster)),
      }
    : {
        selfManagedEventSource: { endpoints: { kafkaBootstrapServers: [...cluster.brokers] } },
        selfManagedKafkaEventSourceConfig: { consumerGroupId },
        ...accessOf(accessToOwn(cluster)),
      }
