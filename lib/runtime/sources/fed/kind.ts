/**
 * A source of a deployed application that `millrace receive` feeds from another machine. Here it
 * needs nothing but its lanes.
 */
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { Location } from '../../locations.ts'
import { isReceiverLane } from '../../../state/receiver-lane.ts'
import { lanesInput } from '../lanes/input.ts'
import { messagesInput, messagesReader } from '../lanes/message-reader.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind, sourceKind } from '../source-kind.ts'

/** Whoever feeds the lanes may know an order of them. */
const orderOf = ({ kind }: SourceDeclaration): Pick<SourceKind, 'predecessors'> => {
  const { predecessors } = sourceKind(kind) ?? {}
  return predecessors === undefined ? {} : { predecessors }
}

const fed: SourceKind<Location> = {
  name: 'fed',
  noun: 'a source that millrace receive feeds',
  gives: [],
  givesAll: true,
  isAvailable: () => true,
  parseDeployed: () => ({ kind: 'fed' }),
  deployedForm: '{ "kind": "fed" }',
  // A source that stores messages has inputs of messages.
  locateReplay: ({ storesMessages = false }, { input }) =>
    input === (storesMessages ? messagesInput : lanesInput).name ? { kind: 'fed' } : undefined,
  describe: () => ({ what: 'what millrace receive brings' }),
  open: (_, { store, app, source, held, declared }) => ({
    reader:
      declared.storesMessages === true
        ? messagesReader({ store, app, source, held, isRead: isReceiverLane })
        : lanesReader({ store, app, source, held, ...orderOf(declared) }),
  }),
  input: lanesInput,
}

registerSourceKind(fed)
