import { isQueue } from '../../../dstream/sources/queue.ts'
import { registerFeed } from './feed.ts'

/** What is added to a queue together is one RDD. */
registerFeed({
  kind: 'queue',
  location: () => ({ kind: 'queue' }),
  open: () => ({
    takesFiles: false,
    takes: () => true,
    async deliver(waiting, nodes): Promise<void> {
      for (const { declared } of nodes)
        if (isQueue(declared)) declared.queue.push(...waiting.map(({ elements }) => elements))
    },
  }),
})
