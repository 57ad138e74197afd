/** The ports of this machine: a store in a directory, directories, sockets, and the terminal. */
// Any output of rows can be bound to a file of SQLite on this machine.
import '../lib/sinks/sqlite/kind.ts'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { demoReceiver } from '../lib/adapters/local/demo-receiver.ts'
import {
  isFile,
  localDirectories,
  parseLocalPattern,
} from '../lib/adapters/local/local-directories.ts'
import { httpListener } from '../lib/adapters/local/http/http-listener.ts'
import { localFiles } from '../lib/adapters/local/local-files.ts'
import { socketReceiver } from '../lib/adapters/local/socket-receiver.ts'
import { stdinReceiver } from '../lib/adapters/local/stdin-receiver.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { tailReceiver } from '../lib/adapters/local/tail/tail-receiver.ts'
import { isCompressedName } from '../lib/adapters/local/tail/watched-names.ts'
import { memoryInUse, memoryMb } from '../lib/adapters/local/system-memory.ts'
import { loadAws } from '../lib/adapters/aws/packages.ts'
import { printSink } from '../lib/adapters/print-sink.ts'
import { MillraceError } from '../lib/base/errors.ts'
import { loadPackage } from '../lib/base/load-package.ts'
import type { Printer } from '../lib/ports/printer.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import type { WorldPorts } from '../lib/runtime/compose.ts'
import type { SinkPorts } from '../lib/runtime/sinks/sink-ports.ts'
import '../lib/runtime/sources/dynamodb-stream/kind.ts'
import '../lib/runtime/sources/http/kind.ts'
import '../lib/runtime/sources/kafka/kind.ts'
import '../lib/runtime/sources/kinesis/local.ts'
import '../lib/runtime/sources/mqtt/kind.ts'
import type { SourcePorts } from '../lib/runtime/sources/source-ports.ts'
import type { TailLocation } from '../lib/runtime/sources/tail/kind.ts'

/** How the sources of this machine are used. */
interface LocalSources {
  /** A listing waits for what is just copied. */
  readonly isOnce: boolean
  /** The bindings that were given, each as NAME=URI. */
  readonly bindings: readonly string[]
}

/** The sources that this machine offers. */
export const localSources = ({ isOnce, bindings }: LocalSources): SourcePorts => ({
  files: {
    open: ({ path, base }, { warn, stableForMs }) =>
      localDirectories({
        path,
        base,
        warn,
        stability: { forMs: stableForMs, isAwaited: isOnce },
      }),
    isFile: ({ path }) => isFile(path),
    check({ path, base, shown }, name) {
      if (isFile(path) || isDirectory(parseLocalPattern(path, base).base)) return
      // The name of a source is also the path that is read without a binding.
      const isUnbound = shown === name && !bindings.some((one) => one.startsWith(`${name}=`))
      if (isUnbound && !existsSync(path)) throw unbound(name)
      throw new MillraceError('DIRECTORY_MISSING', {
        problem: existsSync(path)
          ? `The source "${name}" reads a directory or a file, and this is neither`
          : `The source "${name}" needs a directory to watch, and there is none at this path`,
        value: shown,
        allowed: 'a directory, a file, or a pattern such as logs/*.log',
        fix: `create it, wait for a file with --follow, or choose another one: ${waysToBind(name)}`,
      })
    },
  },
  tail: {
    open: ({ path, base }) => tailReceiver({ path, base }),
    check: checkTail,
  },
  socket: ({ host, port }) => socketReceiver({ host, port }),
  stdin: () => stdinReceiver(),
  http: httpListener(),
  kafka: async (connection) => {
    const { kafkaTopic } = await loadPackage(
      'A topic of Kafka',
      () => import('../lib/adapters/local/kafka/kafka-topic.ts'),
    )
    return kafkaTopic(connection)
  },
  mqtt: async () => {
    const { openMqtt } = await loadPackage(
      'A broker of MQTT',
      () => import('../lib/adapters/local/mqtt/mqtt-connection.ts'),
    )
    return openMqtt
  },
  kinesisShards: async (stream) => {
    const { kinesisShardReader } = await loadAws(
      () => import('../lib/adapters/aws/kinesis-shard-reader.ts'),
    )
    return kinesisShardReader({ stream })
  },
  tableStream: async (table) => {
    const { openTableStream } = await loadAws(
      () => import('../lib/adapters/aws/table-stream-reader.ts'),
    )
    return openTableStream(table)
  },
  demo: () => demoReceiver(),
})

const unbound = (name: string): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: `The source "${name}" has no binding, and there is no directory of this name here`,
    value: name,
    allowed: 'a directory, a file, a pattern, a socket, or the standard input',
    fix: `say what to read: ${waysToBind(name)}`,
  })

const waysToBind = (name: string): string =>
  `--bind ${name}=./directory. To read what a program writes: --bind ${name}=-. ` +
  `To read a socket: --bind ${name}=socket://localhost:9999. ` +
  'To try the pipeline with made-up lines: --demo'

const checkTail = ({ path, base, shown }: TailLocation, name: string): void => {
  const pattern = parseLocalPattern(path, base)
  const unfit = (problem: string, fix: string): MillraceError =>
    new MillraceError('BINDING_UNFIT', {
      problem,
      value: shown,
      allowed: 'a file, or a pattern of files',
      fix,
    })
  if (isDirectory(path))
    throw unfit(
      `--follow reads files while they grow, and "${name}" is bound to a directory`,
      `name its files: --follow --bind '${name}=${join(shown, '*.log')}', or leave out --follow`,
    )
  if (pattern.isPattern ? pattern.files.length === 0 : existsSync(path) && !isFile(path))
    throw unfit(
      `--follow reads files while they grow, and "${name}" is not bound to files`,
      `for example: --follow --bind ${name}=access.log. What a program writes: --bind ${name}=-`,
    )
  if (!pattern.isPattern && isCompressedName(path))
    throw unfit(
      'A compressed file never grows',
      `leave out --follow: --once --bind ${name}=${shown}`,
    )
  const directory = pattern.isPattern ? pattern.base : dirname(path)
  if (isDirectory(directory)) return
  throw new MillraceError('DIRECTORY_MISSING', {
    problem: `The directory of the file that "${name}" follows does not exist`,
    value: directory,
    allowed: 'a file in a directory that exists. The file itself may come later',
    fix: `create the directory, or choose another file: --follow --bind ${name}=access.log`,
  })
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** The sinks that this machine offers. */
export const localSinks = (printer: Printer): SinkPorts => ({
  files: (root) => localFiles({ root }),
  print: printSink(printer),
  connections: { clock: systemClock(), files: true },
})

/** All ports of this machine, with a store. */
export const localPorts = (
  store: ItemStore,
  { sources, printer }: { readonly sources: SourcePorts; readonly printer: Printer },
): WorldPorts => ({
  store,
  clock: systemClock(),
  randomness: systemRandomness(),
  memoryInUse,
  memoryMb: memoryMb(),
  sources,
  sinks: localSinks(printer),
})

/** What can be asked about sources, with the user's own credentials. */
export const askedSources = (): SourcePorts => ({
  kinesis: {
    createdMs: async (arn) => {
      const streams = await loadAws(() => import('../lib/adapters/aws/kinesis-streams.ts'))
      return streams.kinesisStreamCreatedMs(arn)
    },
    retentionMs: async (arn) => {
      const streams = await loadAws(() => import('../lib/adapters/aws/kinesis-streams.ts'))
      return streams.kinesisStreamRetentionMs(arn)
    },
  },
})
