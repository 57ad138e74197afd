import { systemRandomness } from '../../lib/adapters/local/system-randomness.ts'
import { randomnessContract } from './randomness.contract.ts'

randomnessContract('system', systemRandomness())
