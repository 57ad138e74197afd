import { counting } from './counting.ts'

export default counting({ state: 'sums' })
