import { MillraceError } from '../lib/base/errors.ts'
import type { Clock } from '../lib/ports/clock.ts'
import type { DeploymentAnswer } from './generation-function.ts'

const TRIES_MAX = 5
const PAUSE_MS = 500
/** CloudFormation reads no longer reasons. */
const REASON_MAX = 1_000

/**
 * Puts an answer to where CloudFormation waits for it. The URL is signed for an empty content type.
 *
 * @throws MillraceError `STORE_FAILED` when it could not be sent. Lambda then repeats the call.
 */
export const sendAnswer =
  (clock: Pick<Clock, 'sleep'>) =>
  async (url: string, answer: DeploymentAnswer): Promise<void> => {
    const { Reason } = answer
    const cut = Reason === undefined ? {} : { Reason: Reason.slice(0, REASON_MAX) }
    const body = Buffer.from(JSON.stringify({ ...answer, ...cut }))
    for (let tries = 1; ; tries++) {
      const problem = await put(url, body)
      if (problem === undefined) return
      if (tries >= TRIES_MAX)
        throw new MillraceError('STORE_FAILED', {
          problem: 'CloudFormation did not take the number of the deployment',
          value: problem,
          retryable: true,
        })
      await clock.sleep(PAUSE_MS * 2 ** (tries - 1))
    }
  }

/** Undefined: it was taken. */
const put = async (url: string, body: Buffer<ArrayBuffer>): Promise<string | undefined> => {
  try {
    const { ok, status } = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': '' },
      body,
    })
    return ok ? undefined : `HTTP ${status}`
  } catch (error) {
    return String(error)
  }
}
