/** The processes that the emulator runs functions in: one for each call at a time, kept warm. */
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
 * Ends all processes of a function at once, with no chance to tidy up. Gives how many there were.
 */
export const killFunction = (functionName: string): number => {
  const pids = readdirSync('/proc').filter(
    (name) =>
      /^\d+$/.test(name) && commandLine(name).includes(`/ministack-lambda-${functionName}-`),
  )
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
  return pids.length
}
