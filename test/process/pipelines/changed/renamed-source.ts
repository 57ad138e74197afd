import { counting } from './counting.ts'

export default counting({ source: 'files' })
