// Keeps what a command prints, such as `vmstat 1` or `journalctl -f`: all lines in a file for each
// minute. A receiver runs the command, and runs it again when it has ended. A line is stored before
// the next one is read, so a command that prints too fast has to wait.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { minutes, type Receiving, seconds, stream } from 'millrace'
import { text } from 'millrace/formats'

const command = process.env['COMMAND'] ?? 'vmstat 1 5'

const runCommand = async ({ store, signal }: Receiving<string>): Promise<void> => {
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] })
  signal.addEventListener('abort', () => void child.kill())
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) await store(line)
  await ended
}

export default stream('command', { batchInterval: seconds(1) }, (ssc) => {
  const lines = ssc.receiverStream(runCommand)
  lines.count().print('lines', { onlyChanges: true })
  lines.saveAsFiles('log/lines', { format: text(), every: minutes(1) })
})
