/** `millrace/http-source`: requests of HTTP as a source. Whoever imports it can also read them. */
import { useSecrets } from '../runtime/sources/http/kind.ts'

useSecrets(async (secret) => (await import('../adapters/aws/secret.ts')).readSecret(secret))

export {
  type HttpDecodeOptions,
  httpPosts,
  type HttpPostsOptions,
  type HttpRecords,
  type HttpRequest,
  httpRequests,
  type HttpRequestsOptions,
  type HttpSourceOptions,
} from '../dstream/sources/http.ts'
