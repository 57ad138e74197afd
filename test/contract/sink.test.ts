import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { dynamodbTableSink } from '../../lib/adapters/aws/dynamodb-table-sink.ts'
import { s3Sink } from '../../lib/adapters/aws/s3-sink.ts'
import { localFiles } from '../../lib/adapters/local/local-files.ts'
import { memoryFiles } from '../../lib/adapters/memory/memory-files.ts'
import { memoryPrinter } from '../../lib/adapters/memory/memory-printer.ts'
import { memoryTable } from '../../lib/adapters/memory/memory-table.ts'
import { printSink } from '../../lib/adapters/print-sink.ts'
import { fakeBucket } from './fake-bucket.ts'
import { fakeTable } from './fake-table.ts'
import { fileSinkContract } from './file-sink.contract.ts'
import { filesBelow, plantFile } from './files-below.ts'
import { sinkContract } from './sink.contract.ts'
import { type Attributes, tableSinkContract } from './table-sink.contract.ts'
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

fileSinkContract('objects in a bucket', () => {
  const bucket = fakeBucket('results')
  return {
    sink: s3Sink({ bucket: 'results', client: bucket.client }),
    files: async () => bucket.files(),
    plant: async (key, bytes) => bucket.plant(key, bytes),
  }
})

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

const valueOf = ({ S, N, BOOL, L, M }: AttributeValue): unknown => {
  if (M !== undefined) return attributesOf(M)
  return L?.map(valueOf) ?? S ?? (N === undefined ? (BOOL ?? null) : Number(N))
}

const attributesOf = (row: Readonly<Record<string, AttributeValue>>): Attributes =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, valueOf(value)]))

tableSinkContract('a table of DynamoDB', () => {
  const { client, rows } = fakeTable()
  return {
    sink: dynamodbTableSink({ table: 'totals', client }),
    items: () => new Map([...rows].map(([key, row]) => [key, attributesOf(row)])),
    plant: (item) =>
      void rows.set(
        item.key,
        Object.fromEntries(
          Object.entries(item).map(([name, value]) => [
            name,
            typeof value === 'number' ? { N: String(value) } : { S: value },
          ]),
        ),
      ),
  }
})
