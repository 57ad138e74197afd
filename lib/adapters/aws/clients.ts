/**
 * How the clients of AWS services are made: one per service and process, on first use, so that
 * connections are shared and a function loads what it needs only.
 */
import { NodeHttpHandler } from '@smithy/node-http-handler'

/** The services, as the variable of their endpoint calls them: `AWS_ENDPOINT_URL_DYNAMODB`. */
export type Service = 'DYNAMODB' | 'KINESIS' | 'S3' | 'SQS'

/**
 * What every client is made with. What is not here, the SDK reads from the surroundings: region,
 * credentials, endpoint.
 */
export interface ClientSettings {
  readonly requestHandler: NodeHttpHandler
}

const CONNECTION_TIMEOUT_MS = 3_000
const REQUEST_TIMEOUT_MS = 20_000
/**
 * A batch reads its lanes and writes its segments side by side; the SDK's own 50 would queue them.
 */
const SOCKETS_MAX = 200

/** Where calls of a service go instead of AWS, if the surroundings say so. */
export const localEndpoint = (
  service: Service,
  variables: NodeJS.ProcessEnv = process.env,
): string | undefined => {
  if (variables['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined
  return variables[`AWS_ENDPOINT_URL_${service}`] ?? variables['AWS_ENDPOINT_URL']
}

/**
 * Whether an endpoint speaks plain HTTP: then HTTP/2, which needs TLS to be agreed on, is not to be
 * tried.
 */
export const isPlainHttp = (endpoint: string | undefined): boolean =>
  endpoint?.startsWith('http:') === true

/** A handler of HTTP/1.1 requests that gives up on an answer that does not come. */
const httpHandler = (): NodeHttpHandler =>
  new NodeHttpHandler({
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    socketTimeout: REQUEST_TIMEOUT_MS,
    httpAgent: { maxSockets: SOCKETS_MAX },
    httpsAgent: { maxSockets: SOCKETS_MAX },
  })

/** Settings of a service that is spoken to over HTTP/1.1 anyway. */
export const clientSettings = (): ClientSettings => ({ requestHandler: httpHandler() })

/**
 * Settings of a service whose client prefers HTTP/2: its own on AWS, HTTP/1.1 at a plain `http:`
 * endpoint.
 */
export const http2ClientSettings = (service: Service): Partial<ClientSettings> =>
  isPlainHttp(localEndpoint(service)) ? clientSettings() : {}

/** A client that is made at the first call, and then is the same. */
export const once = <T>(make: () => T): (() => T) => {
  let made: { readonly client: T } | undefined
  return () => (made ??= { client: make() }).client
}
