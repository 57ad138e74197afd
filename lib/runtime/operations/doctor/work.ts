/** Whether the process fits its work: executors, memory, the time-out, attempts that fail. */
import { bytesText, count, dollarText, percentText, spanText } from '../../../base/amount-text.ts'
import { greatestOf } from '../../../base/extremes.ts'
import { PRICES } from '../../../base/prices.ts'
import type { BatchRecord } from '../../../state/history/batch-record.ts'
import { driverUse, inTime, median, memoryMbOf, quantile, sumOf, withInput } from './figures.ts'
import type { Check, Examined, Finding } from './finding.ts'

const DAY_MS = 86_400_000
const SEEN = 20
const SEEN_MIN = 10
const MB_PER_GB = 1_024

/** A batch that takes less of its interval needs no help. */
const BUSY_SHARE = 0.6
const STAGES_SHARE = 0.6
/** With executors, a batch should take so much of its interval. */
const WANTED_SHARE = 0.5
/** From this size on, a batch is cut into several tasks. */
export const SPREAD_BYTES: number = 16 * 1024 * 1024

/** How many processes have taken part in the stages of a batch. */
const workersIn = ({ stages = [] }: BatchRecord): number => {
  const executors = new Set(stages.flatMap((stage) => Object.keys(stage.executors ?? {})))
  return executors.size + 1
}

/** Stages with several tasks, and their time. */
const dividedMs = ({ stages = [] }: BatchRecord): number =>
  sumOf(stages.filter(({ tasks }) => tasks > 1).map(({ ms }) => ms))

/** Stages take most of the time, and more of their tasks could run at the same time. */
export const stagesDominate: Check = (examined) => {
  const { batches, intervalMs } = examined
  const last = withInput(inTime(batches))
    .filter(({ stages }) => stages !== undefined)
    .slice(-SEEN)
  if (last.length < SEEN_MIN || intervalMs === undefined) return []
  const processingMs = median(last.map((one) => one.processingMs))
  const stagesMs = median(last.map((one) => Math.min(dividedMs(one), one.processingMs)))
  const tasks = greatestOf(last.flatMap(({ stages = [] }) => stages.map((stage) => stage.tasks)))
  const workers = greatestOf(last.map(workersIn))
  if (processingMs < BUSY_SHARE * intervalMs || stagesMs < STAGES_SHARE * processingMs) return []
  const restMs = processingMs - stagesMs
  const roomMs = Math.max(WANTED_SHARE * intervalMs - restMs, intervalMs / 10)
  const wanted = Math.min(tasks, Math.ceil((stagesMs * workers) / roomMs))
  if (wanted <= workers) return []
  return [tooFewFinding(examined, { processingMs, stagesMs, intervalMs, tasks, workers, wanted })]
}

interface Divided {
  readonly processingMs: number
  readonly stagesMs: number
  readonly intervalMs: number
  readonly tasks: number
  readonly workers: number
  readonly wanted: number
}

const tooFewFinding = (
  { isDeployed, batches }: Examined,
  { processingMs, stagesMs, intervalMs, tasks, workers, wanted }: Divided,
): Finding => {
  const restMs = processingMs - stagesMs
  const gigabytes = (memoryMbOf(batches) ?? 0) / MB_PER_GB
  const seconds = (stagesMs * workers * (DAY_MS / intervalMs)) / 1_000
  const dollars = seconds * gigabytes * PRICES.gigabyteSeconds
  return {
    code: 'STAGES_DOMINATE',
    severity: processingMs > intervalMs ? 'problem' : 'advice',
    seen:
      `Stages take ${percentText(stagesMs / processingMs)} of a batch of ` +
      `${spanText(processingMs)}, with ${count(tasks, 'task')} in ` +
      (workers === 1 ? 'one process' : `${workers} processes`),
    why: `A batch has ${spanText(intervalMs)}, and its tasks could run at the same time`,
    change: isDeployed
      ? `executors: ${wanted - 1} of the construct, beside the driver`
      : `parallelism: ${wanted} in stream(), or millrace run --parallelism ${wanted}, if the ` +
        'machine has the cores',
    effect:
      isDeployed && dollars > 0
        ? `At most ${dollarText(dollars)} a day for the executors. The driver waits less, so ` +
          'most of it comes back'
        : `A batch takes about ${spanText(restMs + (stagesMs * workers) / wanted)}`,
    figures: { processingMs, stagesMs, intervalMs, tasks, workers, wanted },
    ...(isDeployed && dollars > 0 ? { dollarsPerDay: dollars } : {}),
  }
}

/** Executors that somebody has asked for, and that no batch is large enough for. */
export const executorsIdle: Check = ({ batches, isDeployed, options, states }) => {
  const last = withInput(batches)
  const executors = greatestOf([0, ...last.map(({ runner }) => runner?.executors ?? 0)])
  // On a laptop there is one for each core, whether somebody wants it or not.
  const isWanted = isDeployed || (options?.parallelism ?? 1) > 1
  if (last.length < SEEN || executors === 0 || !isWanted) return []
  const bytes = greatestOf(last.map((one) => one.bytes))
  const stateBytes = greatestOf([0, ...states.map((state) => state.bytes)])
  const isUsed = last.some((one) => workersIn(one) > 1)
  if (isUsed || bytes >= SPREAD_BYTES || stateBytes >= SPREAD_BYTES) return []
  return [
    {
      code: 'EXECUTORS_IDLE',
      severity: 'saving',
      seen:
        `None of ${count(last.length, 'batch', 'batches')} used the ` +
        `${count(executors, 'executor')}: the largest has ${bytesText(bytes)}`,
      why: `Only batches from ${bytesText(SPREAD_BYTES)} on are divided into tasks`,
      change: isDeployed
        ? 'Leave executors of the construct out, until batches are larger'
        : 'Leave parallelism out, until batches are larger',
      effect: isDeployed
        ? 'An executor costs nothing while it is not called, but each holds one of the ' +
          'concurrent executions of the account'
        : 'Each thread has its own copy of the module in memory',
      figures: { executors, bytes },
    },
  ]
}

const MEMORY_HIGH = 0.85
const MEMORY_LOW = 0.2
/** What brings one whole processor on Lambda. */
const PROCESSOR_MB = 1_769
const MEMORY_MB_MAX = 10_240
/** After a change, so much of the memory should be in use at most. */
const MEMORY_WANTED = 0.5

/** Memory that is nearly full, or much too large. */
export const memoryFits: Check = (examined) => {
  const { batches, states } = examined
  const shares = batches.slice(-SEEN).flatMap(({ runner }) => runner?.memoryShare ?? [])
  const megabytes = memoryMbOf(batches)
  if (shares.length < SEEN_MIN || megabytes === undefined) return []
  // What is garbage counts as used, so low shares are nearest to what is held.
  const held = quantile(shares, 0.25)
  const most = greatestOf(shares)
  const stateBytes = sumOf(states.map(({ bytes }) => bytes))
  const common = { megabytes, held, most, stateBytes }
  if (held > MEMORY_HIGH) return [memoryShort(examined, common)]
  const isIdle = batches.slice(-SEEN).every((one) => workersIn(one) === 1)
  const fits = Math.max(PROCESSOR_MB, Math.ceil((most * megabytes) / MEMORY_WANTED))
  if (!examined.isDeployed || most > MEMORY_LOW || !isIdle || megabytes < 1.5 * fits) return []
  if (examined.options !== undefined && (examined.options.parallelism ?? 1) > 1) return []
  return [memoryLarge(examined, { ...common, fits })]
}

interface MemorySeen {
  readonly megabytes: number
  readonly held: number
  readonly most: number
  readonly stateBytes: number
}

const driverDollars = ({ batches }: Examined, times: number): number | undefined => {
  const perDay = driverUse(batches)?.items.gigabyteSeconds
  return perDay === undefined ? undefined : perDay * (times - 1)
}

const memoryShort = (
  examined: Examined,
  { megabytes, held, most, stateBytes }: MemorySeen,
): Finding => {
  const wanted = Math.min(MEMORY_MB_MAX, Math.ceil((held * megabytes) / MEMORY_WANTED / 128) * 128)
  const dollars = examined.isDeployed ? driverDollars(examined, wanted / megabytes) : undefined
  const state = stateBytes === 0 ? '' : `, and states of ${bytesText(stateBytes)} in the store`
  return {
    code: 'MEMORY_SHORT',
    severity: 'problem',
    seen:
      `${percentText(held)} of ${megabytes.toLocaleString('en-US')} MB are in use after a batch, ` +
      `${percentText(most)} at most${state}`,
    why: 'Batches do not grow from half of the memory on, and a process without memory ends',
    change: examined.isDeployed
      ? wanted > megabytes
        ? `driver: { memorySize: ${wanted} } of the construct`
        : 'Lambda has no more memory: divide the application, or keep less for each key'
      : `NODE_OPTIONS=--max-old-space-size=${wanted}, or keep less for each key`,
    ...(dollars === undefined
      ? {}
      : {
          effect: `About ${dollarText(dollars)} a day more, if batches take as long as now`,
          dollarsPerDay: dollars,
        }),
    figures: { megabytes, held, most, stateBytes, wanted },
  }
}

const memoryLarge = (
  examined: Examined,
  { megabytes, held, most, stateBytes, fits }: MemorySeen & { readonly fits: number },
): Finding => {
  const dollars = driverDollars(examined, fits / megabytes)
  return {
    code: 'MEMORY_LARGE',
    severity: 'saving',
    seen:
      `At most ${percentText(most)} of ${megabytes.toLocaleString('en-US')} MB were in use after ` +
      'a batch',
    why: `Above ${PROCESSOR_MB} MB, Lambda gives a second processor, which no batch has used`,
    change: `driver: { memorySize: ${fits} } of the construct`,
    ...(dollars === undefined
      ? {}
      : {
          effect: `Saves about ${dollarText(-dollars)} a day, if batches take as long as now`,
          dollarsPerDay: dollars,
        }),
    figures: { megabytes, held, most, stateBytes, wanted: fits },
  }
}

const TIMEOUT_MS_MAX = 900_000
const HANDED_ON_SHARE = 0.1

/** Batches that do not fit into an invocation of the driver. */
export const timeoutShort: Check = ({ batches, head }) => {
  const last = withInput(batches).slice(-50)
  const handed = last.filter(({ handedOn = 0 }) => handedOn > 0)
  const now = head?.logged?.handedOn ?? 0
  const timeoutMs = last.findLast(({ runner }) => runner?.timeoutMs !== undefined)?.runner
    ?.timeoutMs
  if (timeoutMs === undefined) return []
  if (now < 2 && (handed.length < 2 || handed.length < HANDED_ON_SHARE * last.length)) return []
  const most = greatestOf([now, ...handed.map(({ handedOn = 0 }) => handedOn)])
  const neededMs = Math.ceil((timeoutMs * (most + 1)) / 30_000) * 30_000
  const fitsMs = Math.min(TIMEOUT_MS_MAX, neededMs)
  return [
    {
      code: 'TIMEOUT_SHORT',
      severity: 'advice',
      seen:
        `${count(handed.length, 'batch', 'batches')} of the last ${last.length} did not fit into ` +
        `an invocation of ${spanText(timeoutMs)} and went on in another one, up to ` +
        `${count(most, 'time')}`,
      why: 'What comes after the first shuffle runs again in each invocation',
      change:
        timeoutMs >= TIMEOUT_MS_MAX
          ? 'executors of the construct, or smaller limits: an invocation takes no longer'
          : `driver: { timeout: Duration.seconds(${fitsMs / 1_000}) } of the construct` +
            (neededMs > TIMEOUT_MS_MAX ? ', and executors: a batch needs more than that' : ''),
      effect: 'Costs nothing by itself: an invocation is paid while it computes',
      figures: { timeoutMs, handedOn: most, batches: handed.length, fitsMs },
    },
  ]
}

const FAILED_SHARE = 0.1
const FAILED_MIN = 3

/** Batches that need several attempts. */
export const retriesMany: Check = ({ batches, failures, target }) => {
  const tried = batches.length + failures.length
  if (failures.length < FAILED_MIN || failures.length < FAILED_SHARE * tried) return []
  const codes = new Map<string, number>()
  for (const { reason } of failures)
    codes.set(reason?.code ?? '', (codes.get(reason?.code ?? '') ?? 0) + 1)
  const [code, number] = [...codes].toSorted(([, a], [, b]) => b - a)[0] ?? ['', 0]
  const last = failures.findLast(({ reason }) => reason?.code === code)?.reason
  const lostMs = sumOf(failures.map(({ processingMs }) => processingMs))
  return [
    {
      code: 'RETRIES_MANY',
      severity: 'problem',
      seen:
        `${count(failures.length, 'attempt')} of ${tried} failed, ${number} with ${code}: ` +
        `${(last?.message ?? '').split('\n')[0]}`,
      why: `A batch that is tried again is late. The attempts took ${spanText(lostMs)} in all`,
      change:
        `Mend the cause: millrace help errors ${code}. For the line of your module: ` +
        `millrace batches ${target}`,
      figures: { failed: failures.length, attempts: tried, lostMs },
    },
  ]
}
