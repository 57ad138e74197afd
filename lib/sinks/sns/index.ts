/** What `millrace/sns` exports: topics of SNS as outputs. */
import './kind.ts'

export { sns, type TopicAttributes, type TopicOptions } from './sns.ts'
