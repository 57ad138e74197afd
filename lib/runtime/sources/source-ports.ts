/**
 * The ports of the kinds of sources. Each kind extends this interface in its own folder. A world
 * (the command line, the functions, the harness, the simulator) gives the ports of the kinds that
 * it can read. Without its port, a kind cannot be used in a world.
 */
export interface SourcePorts {}
