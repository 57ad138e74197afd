// Reads the access log of a web server, and leaves out what blocked addresses ask for. The list of
// addresses is a file: a change of it counts in the next batch. Accumulators count what was sent,
// what was refused and which lines could not be read, each line once, whatever fails.
import { readFile, stat } from 'node:fs/promises'
import { seconds, stream } from 'millrace'

const BLOCKED = process.env['BLOCKED'] ?? 'examples/guard/blocked.json'

/** `127.0.0.1 - - [30/Nov/2026:10:00:00 +0000] "GET /home HTTP/1.1" 200 512` */
const LINE = /^(?<address>\S+) .*"[A-Z]+ (?<page>[^ "]+)[^"]*" \d{3} (?<bytes>\d+)$/

export default stream('guard', { batchInterval: seconds(10) }, (ssc) => {
  const blocked = ssc.broadcast('blocked', {
    version: async () => String((await stat(BLOCKED)).mtimeMs),
    load: async () => new Set(JSON.parse(await readFile(BLOCKED, 'utf8')) as string[]),
  })
  const sent = ssc.longAccumulator('bytes-sent')
  const refused = ssc.longAccumulator('refused')
  const unread = ssc.collectionAccumulator<string>('unread', { max: 10 })

  ssc
    .socketTextStream('localhost', 9999)
    .flatMap((line) => {
      const { address, page, bytes } = LINE.exec(line)?.groups ?? {}
      if (address === undefined || page === undefined) {
        unread.add(line)
        return []
      }
      if (blocked.value.has(address)) {
        refused.add(1)
        return []
      }
      sent.add(Number(bytes))
      return [page]
    })
    .countByValue()
    .print()
})
