import type { DirectoryLocation } from '../../../runtime/directories.ts'
import { registerFeed } from './feed.ts'

/** Files lie in their own directory until the pipeline reads them: nothing is delivered. */
registerFeed({
  kind: 'files',
  location: (name): DirectoryLocation => ({ kind: 'files', path: name, base: '', shown: name }),
  open: () => ({ takesFiles: true, takes: () => false, deliver: async () => undefined }),
})
