import { milliseconds, stream } from 'millrace'

const spin = (ms: number): void => {
  const endMs = Date.now() + ms
  while (Date.now() < endMs) continue
}

/** Prints lines. A line with a number computes for so many milliseconds, without a pause. */
export default stream('spinning', { batchInterval: milliseconds(50) }, (ssc) =>
  ssc
    .textFileStream('lines', { existing: 'all' })
    .map((line) => {
      spin(Number(line))
      return line
    })
    .print(),
)
