/**
 * A real broker: Apache Kafka in KRaft mode, alone. Maven brings its jars into `.emulator/kafka` at
 * the first run. It needs Java 17 or newer.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../ports.ts'

const VERSION = '4.1.0'
const INSTALL_MS_MAX = 300_000
const READY_MS_MAX = 120_000

const home = fileURLToPath(new URL('../../../.emulator/kafka', import.meta.url))
const jars = join(home, VERSION)

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`

const run = (command: string, args: readonly string[], cwd: string): void => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
  })
  if (status === 0) return
  const details = error?.message ?? `${stdout}\n${stderr}`
  throw new Error(
    `The tests of topics need a broker, and \`${command}\` failed.\n` +
      '  fix: install Java 17 or newer, and Maven.\n' +
      `  because: ${details.trim().split('\n').slice(-5).join('\n           ')}`,
  )
}

const install = (): void => {
  const marker = join(jars, 'installed')
  if (existsSync(marker)) return
  mkdirSync(jars, { recursive: true })
  writeFileSync(join(home, 'pom.xml'), POM)
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${jars}`]
  run('mvn', ['--quiet', '--batch-mode', ...copy, '-DincludeScope=runtime'], home)
  writeFileSync(marker, '')
}

/** Who may log in where a log-in is asked for. */
export const LOGIN = { username: 'miller', password: 'a secret' } as const

/** Everything that takes long by default is quick: retention, compaction, rebalances. */
const settings = (
  { port, guarded, controller }: Readonly<Record<'port' | 'guarded' | 'controller', number>>,
  folder: string,
): string => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},LOGIN://127.0.0.1:${guarded},\\
  CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},LOGIN://127.0.0.1:${guarded}
sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config=\\
  org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_${LOGIN.username}="${LOGIN.password}";
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
message.max.bytes=20000000
socket.request.max.bytes=100000000
log.dirs=${folder}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
broker.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
log.cleaner.backoff.ms=100
log.initial.task.delay.ms=100
log.segment.delete.delay.ms=100
`

/** A further broker of the same cluster. */
const nodeSettings = (
  { port, controller }: Readonly<Record<'port' | 'controller', number>>,
  folder: string,
): string => `
process.roles=broker
node.id=2
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
broker.heartbeat.interval.ms=500
log.dirs=${folder}
`

const LOGGING = `
rootLogger.level=warn
rootLogger.appenderRef.stdout.ref=STDOUT
appender.stdout.type=Console
appender.stdout.name=STDOUT
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d %p %m%n
`

const canConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => socket.destroy()).once('error', () => resolve(false))
    socket.once('close', (failed) => resolve(!failed))
  })

/** The id of a cluster, and the port of its controller. */
interface Cluster {
  readonly id: string
  readonly controller: number
}

/** A broker, which can die and come back with what it has. */
export class Broker {
  readonly address: string
  /** Asks for a log-in. */
  readonly guardedAddress: string
  readonly #port: number
  readonly #folder: string
  readonly #cluster: Cluster
  #process: ChildProcess | undefined

  private constructor(
    { port, guarded = port }: { readonly port: number; readonly guarded?: number },
    folder: string,
    cluster: Cluster,
  ) {
    this.#port = port
    this.guardedAddress = `127.0.0.1:${guarded}`
    this.address = `127.0.0.1:${port}`
    this.#folder = folder
    this.#cluster = cluster
  }

  static async start(): Promise<Broker> {
    install()
    const folder = mkdtempSync(join(home, 'run-'))
    const ports = {
      port: await freePort(),
      guarded: await freePort(),
      controller: await freePort(),
    }
    // Not with a dash at its beginning: the tool of Kafka would take it for an option.
    const id = `M${randomBytes(16).toString('base64url').slice(1)}`
    const broker = new Broker(ports, folder, { id, controller: ports.controller })
    await broker.#begin(settings(ports, join(folder, 'data')))
    return broker
  }

  /** A second broker of the cluster. This one stays the controller. */
  async addNode(): Promise<Broker> {
    const folder = mkdtempSync(join(home, 'run-'))
    const ports = { port: await freePort(), controller: this.#cluster.controller }
    const node = new Broker(ports, folder, this.#cluster)
    await node.#begin(nodeSettings(ports, join(folder, 'data')))
    return node
  }

  async #begin(properties: string): Promise<void> {
    const folder = this.#folder
    writeFileSync(join(folder, 'server.properties'), properties)
    writeFileSync(join(folder, 'log4j2.properties'), LOGGING)
    const format = ['format', '-t', this.#cluster.id, '-c', 'server.properties']
    run('java', this.#java(['kafka.tools.StorageTool', ...format]), folder)
    await this.restart()
  }

  #java(args: readonly string[]): readonly string[] {
    const quick = ['-Xmx256m', '-XX:TieredStopAtLevel=1']
    const logging = '-Dlog4j2.configurationFile=log4j2.properties'
    return [...quick, logging, '-cp', `${jars}/*`, ...args]
  }

  /** Starts it, or starts it again after `kill`. */
  async restart(): Promise<void> {
    const log = openSync(join(this.#folder, 'log'), 'a')
    this.#process = spawn('java', this.#java(['kafka.Kafka', 'server.properties']), {
      cwd: this.#folder,
      stdio: ['ignore', log, log],
    })
    const { pid } = this.#process
    process.once('exit', () => pid !== undefined && this.#process?.kill('SIGKILL'))
    for (const start = Date.now(); Date.now() - start < READY_MS_MAX; await sleep(100))
      if (await canConnect(this.#port)) return
    throw new Error(`no broker: ${readFileSync(join(this.#folder, 'log'), 'utf8')}`)
  }

  async kill(): Promise<void> {
    const running = this.#process
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'exit')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
