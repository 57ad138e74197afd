/** What `millrace/graph` exports: graphs of the edges of a batch or a window. */
export { Graph } from './graph.ts'
export type { PageRankOptions } from './page-rank-settings.ts'
