/**
 * What the kinds of sinks need from the world. Each kind adds what it needs in its own folder, by
 * extending this interface. A kind whose port is missing cannot be used in that world.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- each kind of sink extends it
export interface SinkPorts {}
