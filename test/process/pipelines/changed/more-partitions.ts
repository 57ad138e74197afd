import { counting } from './counting.ts'

export default counting({ partitions: 3 })
