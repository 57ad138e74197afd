/**
 * Creates the clients of AWS services: one per service and process, on first use. So connections
 * are shared, and a function loads only the packages it needs.
 */
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Meter } from '../../ports/meter.ts'

/**
 * The services, named as in the environment variables of their endpoints:
 * `AWS_ENDPOINT_URL_DYNAMODB`.
 */
export type Service = 'DYNAMODB' | 'KINESIS' | 'S3' | 'SQS'

/**
 * Settings of every client. The SDK reads the others from the environment: region, credentials,
 * endpoint.
 */
export interface ClientSettings {
  readonly requestHandler: NodeHttpHandler
}

const CONNECTION_TIMEOUT_MS = 3_000
const REQUEST_TIMEOUT_MS = 20_000
/**
 * A batch reads its lanes and writes its segments concurrently. With the default of the SDK, 50
 * sockets, requests would wait in a queue.
 */
const SOCKETS_MAX = 200

/** The endpoint that replaces AWS for a service, if the environment sets one. */
export const localEndpoint = (
  service: Service,
  variables: NodeJS.ProcessEnv = process.env,
): string | undefined => {
  if (variables['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined
  return variables[`AWS_ENDPOINT_URL_${service}`] ?? variables['AWS_ENDPOINT_URL']
}

/**
 * Whether an endpoint uses plain HTTP. Then the client must not try HTTP/2, which needs TLS for its
 * negotiation.
 */
export const isPlainHttp = (endpoint: string | undefined): boolean =>
  endpoint?.startsWith('http:') === true

/** A handler of HTTP/1.1 requests with a timeout for the answer, in ms. */
const httpHandler = (answerMs: number): NodeHttpHandler =>
  new NodeHttpHandler({
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: answerMs,
    throwOnRequestTimeout: true,
    socketTimeout: answerMs,
    httpAgent: { maxSockets: SOCKETS_MAX },
    httpsAgent: { maxSockets: SOCKETS_MAX },
  })

/** Settings of a service that always uses HTTP/1.1. `answerMs`: the longest wait for an answer. */
export const clientSettings = (answerMs: number = REQUEST_TIMEOUT_MS): ClientSettings => ({
  requestHandler: httpHandler(answerMs),
})

/**
 * Settings of a service whose client prefers HTTP/2: its default handler on AWS, and HTTP/1.1 at a
 * plain `http:` endpoint.
 */
export const http2ClientSettings = (service: Service): Partial<ClientSettings> =>
  isPlainHttp(localEndpoint(service)) ? clientSettings() : {}

/** Creates a client on the first call, and returns the same one on later calls. */
export const once = <T>(make: () => T): (() => T) => {
  let made: { readonly client: T } | undefined
  return () => (made ??= { client: make() }).client
}

let meter: Meter | undefined

/** Counts the calls of all clients that this process creates from now on. Undefined: no more. */
export const countCalls = (counting: Meter | undefined): void => {
  meter = counting
}

/** Returns a new client, and has its calls counted if somebody listens. */
export const counted = <T extends LoggingClient>(
  client: T,
  count: (client: T, meter: Meter) => void,
): T => {
  if (meter !== undefined) count(client, meter)
  return unlogged(client)
}

/** The part of any client of the SDK that is used here. */
export interface LoggingClient {
  readonly middlewareStack: { remove(name: string): boolean }
}

/**
 * Returns a client that no longer writes its calls for its logger. That has none here, but the SDK
 * copies all that goes in and out for it: a tenth of the work of a call.
 */
export const unlogged = <T extends LoggingClient>(client: T): T => {
  client.middlewareStack.remove('loggerMiddleware')
  return client
}
