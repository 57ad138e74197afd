import { milliseconds, stream } from 'millrace'
import { mqtt } from 'millrace/mqtt'

const ca = process.env['BROKER_CA']

// Each message is a number, a space and a word. The number is the id.
const id = process.env['MESSAGES_HAVE_IDS'] === undefined ? {} : { id: idOf }

function idOf({ payload }: { readonly payload: Uint8Array }): string | undefined {
  return new TextDecoder().decode(payload).split(' ')[0]
}

/** Saves the total counts of words that were published, and of all texts, into `results`. */
export default stream('messages', { batchInterval: milliseconds(50) }, (ssc) => {
  const texts = ssc.streamFrom(
    mqtt('rooms/+/words', {
      ...id,
      protocol: process.env['BROKER_PROTOCOL'] === '5' ? '5' : '3.1.1',
      security: () => ({
        username: 'reader',
        password: process.env['BROKER_PASSWORD'] ?? '',
        ...(ca === undefined ? {} : { ca }),
      }),
    }),
  )
  const total = (counts: readonly number[], sum = 0): number => sum + counts.length
  texts
    .map((text) => [text.split(' ')[1] ?? '', 1] as const)
    .updateStateByKey<number>(total)
    .saveAsTextFiles('s3://results/totals')
  texts
    .map((text) => [text, 1] as const)
    .updateStateByKey<number>(total)
    .saveAsTextFiles('s3://results/texts')
})
