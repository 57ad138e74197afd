import { MillraceError } from '../../base/errors.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'
import type { Row } from '../../rdd/sink-declaration.ts'

/**
 * The rows of a partition.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the output sends no rows.
 */
export const encodeRows = (
  elements: readonly unknown[],
  { place, sink }: WriteTarget,
): readonly Row[] => {
  if (sink?.shape === 'rows') return elements.map((element) => sink.send(element as never) as Row)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A database takes rows, and this output sends none',
    value: place,
    fix: "write it with saveTo(), for example saveTo(postgres('scores', { table: 'totals' }))",
  })
}
