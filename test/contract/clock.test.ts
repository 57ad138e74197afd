import { systemClock } from '../../lib/adapters/local/system-clock.ts'
import { clockContract } from './clock.contract.ts'

clockContract('system', systemClock())
