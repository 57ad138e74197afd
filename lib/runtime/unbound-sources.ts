import { isMillraceError } from '../base/errors.ts'
import type { Plan } from '../dstream/plan.ts'
import { sourceName } from '../dstream/sources/declaration.ts'
import { type BindingOptions, sourcesLocator } from './bindings.ts'
import { sourceKind } from './sources/source-kind.ts'

/**
 * The sources that have no location: no binding, and nothing of their name that could be read. What
 * else may be wrong with a source is left to `bindPlan`.
 */
export const unboundSources = (plan: Plan, options: BindingOptions): Plan['sources'] => {
  const locate = sourcesLocator(options)
  return plan.sources.filter(({ id, node: { source } }) => {
    try {
      const location = locate(id, source)
      sourceKind(location.kind)?.check?.(location, sourceName(id, source), options.sources)
      return false
    } catch (error) {
      return isMillraceError(error) && error.code === 'BINDING_MISSING'
    }
  })
}
