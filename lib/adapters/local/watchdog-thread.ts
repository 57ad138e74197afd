/** The thread of the watchdog: see watchdog.ts. */
import { writeSync } from 'node:fs'
import { type Debugger, Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'
import { STUCK, type WatchdogData } from './watchdog.ts'

const { turns, afterMs, cwd } = workerData as WatchdogData
const counter = new Int32Array(turns)
const LOOK_MS = 250
const STDERR = 2

let last = Atomics.load(counter, 0)
let sinceMs = performance.now()
let isSaid = false

setInterval(() => {
  const now = Atomics.load(counter, 0)
  if (now !== last) {
    last = now
    sinceMs = performance.now()
    isSaid = false
    return
  }
  const stuckMs = performance.now() - sinceMs
  if (isSaid || stuckMs < afterMs) return
  isSaid = true
  lookAt((where) => {
    writeSync(
      STDERR,
      `${where} has been running for ${Math.round(stuckMs / 1_000)} s, and nothing else can. ` +
        'Ctrl-C ends the process now; the batch is computed again at the next start.\n',
    )
  })
}, LOOK_MS)

/** Stops the process for a moment, as a debugger does, and tells where it is. */
const lookAt = (say: (where: string) => void): void => {
  const session = new Session()
  const urls = new Map<string, string>()
  session.connectToMainThread()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url))
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const expression = `globalThis[Symbol.for('${STUCK}')]()`
    const callFrameId = callFrames[0]?.callFrameId ?? ''
    session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression }, () => {
      say(whereIn(callFrames, urls))
      session.post('Debugger.resume', () => session.disconnect())
    })
  })
  session.post('Debugger.enable', () => session.post('Debugger.pause'))
}

const OWN = new URL('../../', import.meta.url).href

/** The innermost function that is not of Node, of Millrace or of a package. */
const whereIn = (
  frames: readonly Debugger.CallFrame[],
  urls: ReadonlyMap<string, string>,
): string => {
  const urlOf = ({ location }: Debugger.CallFrame): string => urls.get(location.scriptId) ?? ''
  const isTheirs = (frame: Debugger.CallFrame): boolean =>
    urlOf(frame).startsWith('file:') && !urlOf(frame).startsWith(OWN)
  const theirs = frames.filter(isTheirs)
  const frame = theirs.find((one) => !urlOf(one).includes('/node_modules/')) ?? theirs[0]
  if (frame === undefined) return 'A function'
  const { lineNumber, columnNumber = 0 } = frame.location
  const path = decodeURIComponent(new URL(urlOf(frame)).pathname)
  const shown = path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path
  const name = frame.functionName === '' ? 'The function' : `The function ${frame.functionName}`
  return `${name} at ${shown}:${lineNumber + 1}:${columnNumber + 1}`
}
