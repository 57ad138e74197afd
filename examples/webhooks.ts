// Counts what happens in repositories, by webhooks of GitHub: by repository and event. A webhook is
// signed with a secret that GitHub and this source know. What is not signed is refused, and stored
// nowhere. GitHub gives each webhook an id, so one that is sent twice counts once.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { seconds, stream } from 'millrace'
import { json } from 'millrace/formats'
import { type HttpRequest, httpRequests } from 'millrace/http-source'

interface Happened {
  readonly repository: { readonly full_name: string }
}

/** The signature is of the bytes of the body, not of a text that was parsed and written anew. */
const isSigned = ({ body, headers }: HttpRequest, secret = ''): boolean => {
  const given = Buffer.from(headers['x-hub-signature-256'] ?? '')
  const digest = createHmac('sha256', secret).update(body).digest('hex')
  const expected = Buffer.from(`sha256=${digest}`)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

const happened = json<Happened>()

export default stream('webhooks', { batchInterval: seconds(1) }, (ssc) => {
  const hooks = httpRequests('github', {
    headers: ['x-github-event'],
    keyHeader: 'x-github-delivery',
    secret: () => process.env['GITHUB_SECRET'] ?? '',
    verify: isSigned,
    decode: ({ headers, body }) => {
      const { repository } = happened.decode(body)
      return `${repository.full_name} ${headers['x-github-event'] ?? 'unknown'}`
    },
  })
  ssc
    .streamFrom(hooks)
    .map((what) => [what, 1] as const)
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    .print()
})
