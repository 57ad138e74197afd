/** One line of JSON for each thing worth knowing: what CloudWatch Logs Insights reads by itself. */
export const log = (entry: Readonly<Record<string, unknown>>): void => console.log(JSON.stringify(entry))
