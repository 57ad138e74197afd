/** Servers that are told by HTTP: they need no resource, since the pipeline names their URL. */
import { MillraceError } from '../../lib/base/errors.ts'
import type { DeployedResources } from '../deployed-kind.ts'
import { locateBy } from '../resource-sink.ts'
import { secretType } from '../secrets.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

const deploy = (needs: readonly SinkNeed[]): DeployedResources => {
  const unknown = needs.find(({ path }) => !URL.canParse(decodeURIComponent(path)))
  if (unknown !== undefined)
    throw new MillraceError('BINDING_MISSING', {
      problem: 'An output goes to a server of HTTP, and the pipeline does not say where',
      value: unknown.name,
      fix: `http('${unknown.name}', { url: 'https://example.com/hook' })`,
    })
  // The driver reads the URL from the place of each output: those of one name may differ.
  return { locations: {}, reaches: [], keys: [], commands: [] }
}

registerSinkKind({
  name: 'http',
  type: secretType,
  form: 'webhook://NAME/URL, by saveTo(http(...))',
  locate: locateBy(/^webhook:\/\/([^/]+)\/(.*)$/s),
  grants: {},
  packages: [],
  deploy,
})
