/**
 * What the kinds of sources need from the world. Each kind adds what it needs in its own folder, by
 * extending this interface. A world (the command line, the functions, the harness, the simulator)
 * gives the ports of the kinds that it can read; a kind whose port is missing cannot be used there.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- each kind of source extends it
export interface SourcePorts {}
