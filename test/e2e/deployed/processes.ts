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

/**
 * Ends all processes of a function at once, without time to clean up. Returns how many there were.
 */
export const killFunction = (functionName: string): number => {
  const pids = readdirSync('/proc').filter(
    (name) =>
      /^\d+$/.test(name) && commandLine(name).includes(`/ministack-lambda-${functionName}-`),
  )
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
  return pids.length
}
