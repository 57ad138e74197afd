/**
 * The ports of the kinds of sinks. Each kind extends this interface in its own folder. Without its
 * port, a kind cannot be used in a world.
 */
export interface SinkPorts {}
