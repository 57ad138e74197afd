/**
 * Gives each deployment its generation. CloudFormation calls this function before it changes the
 * driver, and again when it rolls back. It sends each request at least once, and waits for an
 * answer at a URL.
 */
import { errorText } from '../lib/base/error-text.ts'
import type { GenerationParts } from '../lib/runtime/generations.ts'
import { releaseApplication, takeGeneration } from '../lib/runtime/generations.ts'
import type { Log } from './log.ts'

/** What CloudFormation asks. */
export interface DeploymentEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete'
  readonly RequestId: string
  readonly ResponseURL: string
  readonly StackId: string
  readonly LogicalResourceId: string
  /** Missing in the first request. */
  readonly PhysicalResourceId?: string
  readonly ResourceProperties: {
    /** The name of the application in the table. */
    readonly App: string
    readonly Table: string
  }
}

/** What CloudFormation is answered. */
export interface DeploymentAnswer {
  readonly Status: 'SUCCESS' | 'FAILED'
  readonly Reason?: string
  readonly PhysicalResourceId: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly Data?: { readonly Generation: string }
}

/** What the function is composed of. */
export interface GenerationFunctionParts {
  /** The store in the table of this name. */
  readonly open: (table: string) => Omit<GenerationParts, 'app'>
  /** Sends an answer to where CloudFormation waits for it. */
  readonly send: (url: string, answer: DeploymentAnswer) => Promise<void>
  readonly log: Log
}

/** Answers one request. If it throws, Lambda calls it again with the same one. */
export type GenerationFunction = (event: DeploymentEvent) => Promise<void>

/** Composes the function. */
export const generationFunction =
  ({ open, send, log }: GenerationFunctionParts): GenerationFunction =>
  async (event) => {
    const { RequestType, RequestId, ResponseURL, StackId, LogicalResourceId } = event
    const { App: app, Table: table } = event.ResourceProperties
    const parts = { ...open(table), app }
    const request = { id: RequestId, stack: stackOf(StackId), resource: LogicalResourceId }
    const common = {
      // With another table or name, this is another resource: CloudFormation then deletes the old
      // one, which gives the application back.
      PhysicalResourceId: `${table}/${app}`,
      StackId,
      RequestId,
      LogicalResourceId,
    }
    if (RequestType === 'Delete') {
      // A stack that cannot be deleted would be worse than a name that is not given back.
      await releaseApplication(parts, request).catch((error: unknown) =>
        log({ event: 'notReleased', app, message: errorText(error) }),
      )
      const PhysicalResourceId = event.PhysicalResourceId ?? common.PhysicalResourceId
      return send(ResponseURL, { ...common, PhysicalResourceId, Status: 'SUCCESS' })
    }
    const answer = await takeGeneration(parts, request).then(
      (generation): DeploymentAnswer => ({
        ...common,
        Status: 'SUCCESS',
        Data: { Generation: String(generation) },
      }),
      // An answer at once: without one, CloudFormation waits for minutes and says nothing.
      (error: unknown): DeploymentAnswer => ({
        ...common,
        Status: 'FAILED',
        Reason: errorText(error),
      }),
    )
    log({
      event: 'deployment',
      app,
      status: answer.Status,
      ...(answer.Data === undefined ? {} : { generation: Number(answer.Data.Generation) }),
      ...(answer.Reason === undefined ? {} : { message: answer.Reason }),
    })
    await send(ResponseURL, answer)
  }

/**
 * The account, region and name of a stack. Its id is another one when the stack is created again.
 *
 * An id is `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID`.
 */
const stackOf = (id: string): string => id.split('/').slice(0, 2).join('/')
