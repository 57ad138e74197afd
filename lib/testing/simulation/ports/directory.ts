import type { ObjectSource } from '../../../ports/object-source.ts'
import type { Caller } from '../calls.ts'

/** The access of one process to a directory that is a source. */
export const simulatedDirectory = (objects: ObjectSource, call: Caller): ObjectSource => ({
  description: objects.description,
  list: () =>
    call({
      name: `list ${objects.description}`,
      code: 'OBJECT_UNREADABLE',
      effect: () => objects.list(),
    }),
  read: (summary, range) =>
    call({
      name: `read ${summary.key}`,
      code: 'OBJECT_UNREADABLE',
      effect: () => objects.read(summary, range),
    }),
})
