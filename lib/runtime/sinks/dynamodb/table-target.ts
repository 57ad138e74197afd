/**
 * What a table is known by. A name stands for a table of this account and region, which nobody
 * knows here. So it may be the table of any ARN with this name, and two ARNs tell each other apart.
 */
export const tableTarget = (table: string): string => {
  const [, region, account, name] =
    /^arn:[^:]*:dynamodb:([^:]*):([^:]*):table\/(.+)$/.exec(table) ?? []
  return name === undefined ? `dynamodb:/${table}` : `dynamodb:/${name}/${region}:${account}`
}
