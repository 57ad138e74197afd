/** What `millrace/sns` exports: topics of SNS as outputs. */
import './kind.ts'

export { sns } from './sns.ts'
