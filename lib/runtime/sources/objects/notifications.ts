/** The lane of hints: one for each source, in which whoever comes first is first. No record of a stream is in it. */
export const NOTIFICATION_LANE = 'notifications'

/** What a notification says of an object. */
export interface ObjectNotification {
  readonly key: string
  /** The id of the version, where the store keeps versions. */
  readonly version?: string
  /** When the event happened, by the store's clock. */
  readonly eventMs: number
}
