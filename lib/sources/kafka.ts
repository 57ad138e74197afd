/** `millrace/kafka`: topics of Kafka as sources. Whoever imports it can also read them. */
import '../runtime/sources/kafka/kind.ts'

export {
  kafka,
  type KafkaOptions,
  type KafkaRecord,
  kafkaRecords,
  type KafkaRecordsOptions,
  type KafkaSecurity,
  type KafkaStart,
} from '../dstream/sources/kafka.ts'
