import { batchBugs } from './planted/batch-bugs.ts'
import type { PlantedBug } from './planted/bug.ts'
import { combinedBugs } from './planted/combined-bugs.ts'
import { deploymentBugs } from './planted/deployment-bugs.ts'
import { edgeBugs } from './planted/edge-bugs.ts'
import { eventTimeBugs } from './planted/event-time-bugs.ts'
import { executorBugs } from './planted/executor-bugs.ts'
import { fileBugs } from './planted/file-bugs.ts'
import { headBugs } from './planted/head-bugs.ts'
import { keptBugs } from './planted/kept-bugs.ts'
import { laneBugs } from './planted/lane-bugs.ts'
import { leavingBugs } from './planted/leaving-bugs.ts'
import { loadBugs } from './planted/load-bugs.ts'
import { logBugs } from './planted/log-bugs.ts'
import { objectBugs } from './planted/object-bugs.ts'
import { operationBugs } from './planted/operation-bugs.ts'
import { orderBugs } from './planted/order-bugs.ts'
import { outputBugs } from './planted/output-bugs.ts'
import { pageBugs } from './planted/page-bugs.ts'
import { partBugs } from './planted/part-bugs.ts'
import { planBugs } from './planted/plan-bugs.ts'
import { protocolBugs } from './planted/protocol-bugs.ts'
import { recordBugs } from './planted/record-bugs.ts'
import { replayBugs } from './planted/replay-bugs.ts'
import { rolledBugs } from './planted/rolled-bugs.ts'
import { sharedBugs } from './planted/shared-bugs.ts'
import { tableBugs } from './planted/table-bugs.ts'
import { timeBugs } from './planted/time-bugs.ts'
import { windowBugs } from './planted/window-bugs.ts'

/** All of them. */
export const plantedBugs: readonly PlantedBug[] = [
  ...protocolBugs,
  ...headBugs,
  ...laneBugs,
  ...pageBugs,
  ...partBugs,
  ...executorBugs,
  ...combinedBugs,
  ...keptBugs,
  ...leavingBugs,
  ...batchBugs,
  ...sharedBugs,
  ...logBugs,
  ...loadBugs,
  ...objectBugs,
  ...fileBugs,
  ...orderBugs,
  ...outputBugs,
  ...tableBugs,
  ...operationBugs,
  ...windowBugs,
  ...eventTimeBugs,
  ...rolledBugs,
  ...replayBugs,
  ...timeBugs,
  ...recordBugs,
  ...planBugs,
  ...deploymentBugs,
  ...edgeBugs,
]
