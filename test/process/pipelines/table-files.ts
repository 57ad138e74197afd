import { milliseconds, stream } from 'millrace'
import { jsonLines } from 'millrace/formats'

interface Row {
  readonly shop: string
  readonly id: number
}

/**
 * Puts each row into the directories of two tables: batch by batch, and by periods. A batch takes
 * few files, so that there is a backlog.
 */
export default stream(
  'table-files',
  { batchInterval: milliseconds(50), limits: { objects: 3 } },
  (ssc) => {
    const rows = ssc
      .textFileStream('lines', { existing: 'all' })
      .map((line) => JSON.parse(line) as Row)
    const partitionBy = ({ shop }: Row): { readonly shop: string } => ({ shop })
    rows.saveAsFiles('s3://results/each', { format: jsonLines(), partitionBy })
    rows.saveAsFiles('s3://results/periods', {
      format: jsonLines(),
      partitionBy,
      every: milliseconds(200),
    })
  },
)
