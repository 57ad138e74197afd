import type { RemovalPolicy } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'

/** Settings that everything has in common that holds data. */
export interface StorageSettings {
  /** What happens to it when the stack is destroyed. */
  readonly removalPolicy: RemovalPolicy
  /** Encrypts it. Undefined: a key that AWS manages does. */
  readonly encryptionKey: IKey | undefined
}
