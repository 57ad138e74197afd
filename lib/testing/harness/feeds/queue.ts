import { isQueue } from '../../../dstream/sources/queue.ts'
import { registerFeed } from './feed.ts'

/** Elements that are added to a queue in one call form one RDD. */
registerFeed({
  kind: 'queue',
  location: () => ({ kind: 'queue' }),
  open: () => ({
    takesFiles: false,
    takes: () => true,
    async deliver(waiting, nodes): Promise<void> {
      for (const { declared } of nodes)
        if (isQueue(declared)) for (const { elements } of waiting) declared.queue.push(elements)
    },
  }),
})
