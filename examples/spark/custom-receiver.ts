// Counts words that a receiver of its own takes from a socket. It is called again two seconds after
// it has thrown, as after `restart` in Spark. Spark: CustomReceiver.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { type Receiving, seconds, stream } from 'millrace'

const port = Number(process.env['PORT'] ?? 9_999)

const receive = async ({ store, signal }: Receiving<string>): Promise<void> => {
  const socket = connect({ port, host: 'localhost', signal })
  // A line is stored before the next one is read.
  for await (const line of createInterface({ input: socket })) await store(line)
}

export default stream('custom-receiver', { batchInterval: seconds(1) }, (ssc) => {
  ssc
    .receiverStream(receive)
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
    .print()
})
