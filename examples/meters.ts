// Adds up what meters have counted. A gateway brings files of frames: two bytes with the length,
// four with the number of the meter, eight with the kilowatt-hours, and a note. Old loggers bring
// the same without length and note, so their records have 12 bytes. The totals go to a directory,
// by a sink of its own: a file for each partition of a batch, which has the same name and content
// when a batch is tried again.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seconds, stream } from 'millrace'
import { lengthPrefixed } from 'millrace/formats'

const RECORD_BYTES = 12
const directory = process.env['METERS_OUT'] ?? 'out'

const readingOf = (bytes: Uint8Array): readonly [number, number] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES)
  return [view.getUint32(0), view.getFloat64(4)]
}

export default stream('meters', { batchInterval: seconds(10) }, (ssc) => {
  const frames = ssc.fileStream('gateway', { format: lengthPrefixed('u16be'), existing: 'all' })
  const records = ssc.binaryRecordsStream('logger', RECORD_BYTES, { existing: 'all' })
  frames
    .union(records)
    .mapToPair(readingOf)
    .updateStateByKey<number>((read, total = 0) => read.reduce((sum, one) => sum + one, total))
    .foreachPartition(async (totals, { partition, batchTime }) => {
      const rows = [...totals]
      if (rows.length === 0) return
      await mkdir(directory, { recursive: true })
      const file = join(directory, `${batchTime.milliseconds}-${partition}.json`)
      await writeFile(`${file}.new`, JSON.stringify(rows))
      await rename(`${file}.new`, file)
    })
})
