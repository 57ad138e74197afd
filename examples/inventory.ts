// Takes stock of files. Of files that come it finds those that are there twice, by a digest of
// their bytes. Of lists that `find . -print0` writes it counts the endings: each name in them has a
// zero byte after it, since a name may have a line end in it.
import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import { seconds, stream } from 'millrace'
import { delimited, textOf, wholeFiles } from 'millrace/formats'

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export default stream('inventory', { batchInterval: seconds(10) }, (ssc) => {
  ssc
    .fileStream('files', { format: wholeFiles(), existing: 'all' })
    .mapToPair(({ path, bytes }) => [digest(bytes), path])
    .updateStateByKey<readonly string[]>((paths, known = []) => [...known, ...paths].toSorted())
    .map(([, paths]) => paths)
    .filter((paths) => paths.length > 1)
    .map((paths) => paths.join(' = '))
    .print('the same', { onlyChanges: true })

  ssc
    .fileStream('lists', { format: delimited('\0'), existing: 'all' })
    .map((name) => extname(textOf(name)))
    .countByValue()
    .print('endings')
})
