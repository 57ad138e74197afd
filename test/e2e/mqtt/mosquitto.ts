/** A real broker: Mosquitto, with TLS, a password, and sessions on a disk. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { findProgram, programEnvironment, withMissing } from '../servers/debian.ts'
import { freePort } from '../../ports.ts'

export const USER = 'reader'
export const PASSWORD = 'right: @/'

const packages = (): readonly string[] => withMissing('mosquitto')
const broker = (): string => findProgram(['usr/sbin/mosquitto'], packages)
const passwords = (): string => findProgram(['usr/bin/mosquitto_passwd'], packages)

const run = (command: string, args: readonly string[]): void => {
  const env = programEnvironment()
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env })
  if (status === 0) return
  throw new Error(
    `The tests of MQTT need a broker, and \`${command}\` failed.\n` +
      '  fix: install mosquitto and openssl, for example with apt.\n' +
      `  because: ${error?.message ?? stderr}`,
  )
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

/** A broker that can be stopped and started. */
export class Mosquitto {
  readonly port: number
  readonly #directory: string
  #process: ChildProcess | undefined

  private constructor(port: number, directory: string) {
    this.port = port
    this.#directory = directory
  }

  /** The certificate of the authority, in PEM. */
  get ca(): string {
    return readFileSync(join(this.#directory, 'cert.pem'), 'utf8')
  }

  static async open(): Promise<Mosquitto> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-mosquitto-'))
    const at = (name: string): string => join(directory, name)
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at('key.pem'), '-out', at('cert.pem')]
    run('openssl', ['req', '-x509', '-days', '2', ...subject, ...key])
    run(passwords(), ['-b', '-c', at('passwords'), USER, PASSWORD])
    const port = await freePort()
    const lines = [
      `listener ${port} 127.0.0.1`,
      `certfile ${at('cert.pem')}`,
      `keyfile ${at('key.pem')}`,
      `password_file ${at('passwords')}`,
      'persistence true',
      `persistence_location ${directory}/`,
      'max_queued_messages 0',
      'user root',
    ]
    writeFileSync(at('mosquitto.conf'), lines.join('\n'))
    const opened = new Mosquitto(port, directory)
    await opened.start()
    return opened
  }

  async start(): Promise<void> {
    const args = ['-c', join(this.#directory, 'mosquitto.conf')]
    this.#process = spawn(broker(), args, { stdio: 'ignore', env: programEnvironment() })
    while (!(await isOpen(this.port))) await pause(20)
  }

  /** It writes down its sessions first. */
  async stop(): Promise<void> {
    const running = this.#process
    if (running === undefined || running.exitCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGTERM')
    await ended
  }

  async publisher(): Promise<MqttClient> {
    const client = await connectAsync(`mqtts://localhost:${this.port}`, {
      ca: this.ca,
      username: USER,
      password: PASSWORD,
      clientId: 'devices',
      clean: false,
      reconnectPeriod: 50,
    })
    client.on('error', () => undefined)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
