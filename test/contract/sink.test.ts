import { dynamodbTableSink } from '../../lib/adapters/aws/dynamodb-table-sink.ts'
import { s3Sink } from '../../lib/adapters/aws/s3-sink.ts'
import { localFiles } from '../../lib/adapters/local/local-files.ts'
import { memoryFiles } from '../../lib/adapters/memory/memory-files.ts'
import { memoryPrinter } from '../../lib/adapters/memory/memory-printer.ts'
import { memoryTable } from '../../lib/adapters/memory/memory-table.ts'
import { printSink } from '../../lib/adapters/print-sink.ts'
import { attributesOf, rowOf } from './attributes.ts'
import { fakeBucket } from './fake-bucket.ts'
import { fakeTable } from './fake-table.ts'
import { fileSinkContract, renamedPart } from './file-sink.contract.ts'
import { filesBelow, plantFile } from './files-below.ts'
import { sinkContract } from './sink.contract.ts'
import { tableSinkContract } from './table-sink.contract.ts'
import { temporaryDirectory } from './temporary-directory.ts'

fileSinkContract('files in memory', () => {
  const sink = memoryFiles()
  return {
    sink,
    files: async () => sink.files(),
    plant: async (path, bytes) => sink.plant(path, bytes),
  }
})

fileSinkContract('files in a directory', () => {
  const root = temporaryDirectory()
  return {
    sink: localFiles({ root }),
    // With all hidden files: a write that is over leaves none.
    files: async () => filesBelow(root),
    plant: async (path, bytes) => plantFile(root, path, bytes),
  }
})

fileSinkContract(
  'objects in a bucket',
  () => {
    const bucket = fakeBucket('results')
    return {
      sink: s3Sink({ bucket: 'results', client: bucket.client }),
      renames: renamedPart,
      files: async () => bucket.files(),
      plant: async (key, bytes) => bucket.plant(key, bytes),
    }
  },
  true,
)

sinkContract('the terminal', () => {
  const printer = memoryPrinter()
  return {
    sink: printSink(printer),
    contentOf: (lines) => lines.map((line) => `${line}\n`).join(''),
    linesOf: async () => printer.texts.join('').split('\n').slice(0, -1),
  }
})

tableSinkContract('a table in memory', () => {
  const sink = memoryTable()
  return { sink, items: () => sink.items(), plant: (item) => sink.plant(item) }
})

tableSinkContract('a table of DynamoDB', () => {
  const { client, rows } = fakeTable()
  return {
    sink: dynamodbTableSink({ table: 'totals', client }),
    items: () => new Map([...rows].map(([key, row]) => [key, attributesOf(row)])),
    plant: (item) => void rows.set(item.key, rowOf(item)),
  }
})
