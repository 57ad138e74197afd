/** What does not change while a page is open: the application and its plan. */
import type { AppAnswer, NodeAnswer, StatusAnswer } from '../../page/answers.ts'
import type { Plan, Planned } from '../../lib/dstream/plan.ts'
import { withShownPaths } from '../../lib/tools/shown-paths.ts'
import type { PageSource } from './page-source.ts'

/** The application with its status. */
export const appAnswer = (
  { app, where, how, target, plan }: PageSource,
  intervalMs: number | undefined,
  status: StatusAnswer,
): AppAnswer => ({
  app,
  where,
  how,
  target,
  ...(intervalMs === undefined ? {} : { intervalMs }),
  ...(plan === undefined ? {} : { plan: planAnswer(plan) }),
  status,
})

const planAnswer = ({ hash, nodes }: Plan): NonNullable<AppAnswer['plan']> => ({
  hash,
  nodes: nodes.map(nodeAnswer),
})

const nodeAnswer = ({ id, node, parents, declaredAt }: Planned): NodeAnswer => {
  const place = declaredAt()
  const isOperator = node.role === 'operator'
  const name = node.role === 'source' ? node.source.name : undefined
  const writesTo = node.role === 'output' ? node.writesTo : undefined
  return {
    id,
    kind: node.kind,
    role: node.role,
    parents,
    shuffles: isOperator && !node.narrow,
    ...(isOperator && node.stateful !== undefined
      ? { keeps: node.stateful.panes === true ? 'batches' : 'state' }
      : {}),
    ...((name ?? writesTo) === undefined ? {} : { name: name ?? writesTo ?? '' }),
    ...(place === undefined ? {} : { declaredAt: withShownPaths(place) }),
  }
}
