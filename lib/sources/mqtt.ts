/** `millrace/mqtt`: topics of MQTT as sources. Whoever imports it can also read them. */
import '../runtime/sources/mqtt/kind.ts'

export {
  mqtt,
  type MqttOptions,
  type MqttRecord,
  mqttRecords,
  type MqttRecordsOptions,
  type MqttSecurity,
} from '../dstream/sources/mqtt.ts'
