import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'

/** Settings that everything has in common that holds data. */
export interface StorageSettings {
  /** What happens to it when the stack is destroyed. */
  readonly removalPolicy: RemovalPolicy
  /** Encrypts it. Undefined: a key that AWS manages does. */
  readonly encryptionKey: IKey | undefined
  /** How long created streams keep records. */
  readonly streamRetention: Duration
}

/**
 * A day, which is the default of AWS, is over before somebody has seen what went wrong on a
 * weekend.
 */
const STREAM_RETENTION = Duration.days(7)

/** The settings, complete. */
export const storageSettings = ({
  // A first deployment that fails leaves nothing behind. All others keep what they have.
  removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  encryptionKey,
  streamRetention = STREAM_RETENTION,
}: Partial<StorageSettings>): StorageSettings => ({ removalPolicy, encryptionKey, streamRetention })
