/** The names of the lanes that receivers fill. */

/** The lane of a receiver: each source has one. */
export const RECEIVER_LANE = 'receiver'

/** The lane of a receiver. Several processes that feed one source have names, and a lane each. */
export const receiverLane = (feederName?: string): string =>
  feederName === undefined ? RECEIVER_LANE : `${RECEIVER_LANE}-${feederName}`

/** Whether a lane is one of a receiver, in whichever process. */
export const isReceiverLane = (lane: string): boolean =>
  lane === RECEIVER_LANE || lane.startsWith(`${RECEIVER_LANE}-`)
