/** Reads records from a function of the user that runs beside the pipeline. It feeds one lane. */
import { isReceiver } from '../../../dstream/sources/receiver.ts'
import { lanesInput } from '../lanes/input.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import { functionReceiver } from './function-receiver.ts'

const receiver: SourceKind = {
  name: 'receiver',
  noun: 'a receiver',
  gives: ['what the receiver stores'],
  isAvailable: () => true,
  locateUnbound: () => ({ kind: 'receiver' }),
  describe: () => ({ what: 'a receiver in this process' }),
  open: (_, { store, app, source, declared, clock, held }) => {
    if (!isReceiver(declared)) throw new TypeError(`${source} is not a receiver`)
    return {
      reader: lanesReader({ store, app, source, held }),
      receiver: functionReceiver(source, declared.receive, clock),
    }
  },
  input: lanesInput,
}

registerSourceKind(receiver)
