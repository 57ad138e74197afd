// Watches the access log of a web server, in the common format. Each 10 seconds it prints how often
// each status was answered in the last minute, and puts the hits of each page into a table. Errors
// of the server are told at once, by a function of its own.
import { minutes, seconds, stream } from 'millrace'

interface Hit {
  readonly page: string
  readonly status: string
}

/** `127.0.0.1 - - [30/Nov/2026:10:00:00 +0000] "GET /home HTTP/1.1" 200 512` */
const LINE = /"[A-Z]+ (?<page>[^ "]+)[^"]*" (?<status>\d{3}) /

const hitsIn = (line: string): readonly Hit[] => {
  const { page, status } = LINE.exec(line)?.groups ?? {}
  return page === undefined || status === undefined ? [] : [{ page, status }]
}

export default stream('access-log', { batchInterval: seconds(10) }, (ssc) => {
  const hits = ssc.socketTextStream('localhost', 9999).flatMap(hitsIn)

  hits
    .map(({ status }) => status)
    .countByValueAndWindow(minutes(1), seconds(10))
    .print()
  hits
    .map(({ page }) => [page, 1] as const)
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    .saveToTable('dynamodb://pages')
  hits
    .filter(({ status }) => status.startsWith('5'))
    .foreachRDD(async (errors) => {
      // It may run again for the same batch, and says the same then.
      for (const { page, status } of await errors.collect())
        console.error(`${page} was answered with ${status}`)
    })
})
