/** The processes in which the emulator runs functions: one for each concurrent call, kept warm. */
import { readdirSync, readFileSync } from 'node:fs'

const commandLine = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}

/** Sends a signal to all processes of a function. Returns how many there were. */
export const signalFunction = (functionName: string, signal: NodeJS.Signals): number =>
  readdirSync('/proc').filter(
    (name) =>
      /^\d+$/.test(name) &&
      commandLine(name).includes(`/ministack-lambda-${functionName}-`) &&
      send(Number(name), signal),
  ).length

/** Whether the process was still there. */
const send = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/**
 * Ends all processes of a function at once, without time to clean up. Returns how many there were.
 */
export const killFunction = (functionName: string): number =>
  signalFunction(functionName, 'SIGKILL')
