/** The thread of the watchdog: see watchdog.ts. */
import { readFileSync, writeSync } from 'node:fs'
import { type Debugger, Session } from 'node:inspector'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath } from 'node:url'
import { workerData } from 'node:worker_threads'
import { isOwnPlace } from '../../base/error-places.ts'
import { STUCK, type WatchdogData } from './watchdog.ts'

const { turns, says, facts, cwd } = workerData as WatchdogData
const counter = new Int32Array(turns)
const LOOK_MS = 250
/** The process counts as stuck after so many looks without a turn: three seconds. */
const STUCK_AFTER_LOOKS = 12
const STDOUT = 1
const STDERR = 2

let last = Atomics.load(counter, 0)
// Looks are counted, and not the time: a function on AWS is frozen between two events.
let looks = 0

setInterval(() => {
  const now = Atomics.load(counter, 0)
  if (now !== last) {
    last = now
    looks = 0
    return
  }
  looks += 1
  if (looks === STUCK_AFTER_LOOKS) lookAt(say)
}, LOOK_MS)

/** A function of the user, and where it is. */
interface Place {
  readonly name: string
  readonly path: string
  readonly line: number
  readonly column: number
}

const say = (place: Place | undefined): void => {
  const seconds = Math.round((looks * LOOK_MS) / 1_000)
  const where = place && `${place.path}:${place.line}:${place.column}`
  if (says === 'json') {
    const timestamp = new Date().toISOString()
    const stuck = { event: 'stuck', function: place?.name, runningAt: where, seconds }
    const line = JSON.stringify({ timestamp, level: 'ERROR', ...facts, ...stuck })
    return void writeSync(STDOUT, `${line}\n`)
  }
  const name = place?.name === '' ? 'The function' : `The function ${place?.name}`
  const shown = where?.startsWith(`${cwd}/`) === true ? where.slice(cwd.length + 1) : where
  writeSync(
    STDERR,
    `${shown === undefined ? 'A function' : `${name} at ${shown}`} has been running for ` +
      `${seconds} s, and nothing else can. ` +
      'Ctrl-C ends the process now; the batch is computed again at the next start.\n',
  )
}

/** Stops the process for a moment, as a debugger does, and tells where it is. */
const lookAt = (tell: (place: Place | undefined) => void): void => {
  const session = new Session()
  const scripts = new Map<string, Script>()
  session.connectToMainThread()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url, sourceMapURL } }) =>
    scripts.set(scriptId, { url, sourceMapURL }),
  )
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const expression = `globalThis[Symbol.for('${STUCK}')]()`
    const callFrameId = callFrames[0]?.callFrameId ?? ''
    session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression }, () => {
      tell(whereIn(callFrames, scripts))
      session.post('Debugger.resume', () => session.disconnect())
    })
  })
  session.post('Debugger.enable', () => session.post('Debugger.pause'))
}

interface Script {
  readonly url: string
  readonly sourceMapURL: string | undefined
}

/** The innermost function that is not of Node, of Millrace or of a package. */
const whereIn = (
  frames: readonly Debugger.CallFrame[],
  scripts: ReadonlyMap<string, Script>,
): Place | undefined => {
  const places = frames.flatMap((frame) => placesOf(frame, scripts.get(frame.location.scriptId)))
  const theirs = places.filter(({ path }) => !isOwnPlace(path))
  return theirs.find(({ path }) => !path.includes('/node_modules/')) ?? theirs[0]
}

/** The place of a frame, in what the user wrote. None: it is in no file. */
const placesOf = (
  { location, functionName }: Debugger.CallFrame,
  script: Script | undefined,
): readonly Place[] => {
  if (script?.url.startsWith('file:') !== true) return []
  const { lineNumber, columnNumber = 0 } = location
  const mapped = mapOf(script)?.findEntry(lineNumber, columnNumber)
  const isMapped = mapped !== undefined && 'originalSource' in mapped
  const [url, line, column] = isMapped
    ? [new URL(mapped.originalSource, script.url).href, mapped.originalLine, mapped.originalColumn]
    : [script.url, lineNumber, columnNumber]
  return [{ name: functionName, path: fileURLToPath(url), line: line + 1, column: column + 1 }]
}

/** The source map of a bundle. A function that a bundle does not explain is still worth a line. */
const mapOf = ({ url, sourceMapURL = '' }: Script): SourceMap | undefined => {
  if (sourceMapURL === '' || sourceMapURL.startsWith('data:')) return undefined
  try {
    const text = readFileSync(new URL(sourceMapURL, url), 'utf8')
    return new SourceMap(JSON.parse(text) as SourceMapPayload)
  } catch {
    return undefined
  }
}
