// Watches the clicks of a web site: views of pages, the share of errors by place, and how many
// users are there. A line is a page, a status, a postal code and a user, with tabs between them.
// Spark: clickstream.PageViewStream.
import { parallelize, seconds, stream } from 'millrace'

interface PageView {
  readonly page: string
  readonly status: number
  readonly place: string
  readonly user: number
}

const names: readonly (readonly [user: number, name: string])[] = [
  [1, 'Ann'],
  [2, 'Bob'],
  [3, 'Cat'],
]

const viewIn = (line: string): PageView => {
  const [page = '', status, place = '', user] = line.split('\t')
  return { page, status: Number(status), place, user: Number(user) }
}

export default stream('page-view-stream', { batchInterval: seconds(1) }, (ssc) => {
  const views = ssc.socketTextStream('localhost', 9999).map(viewIn)

  views
    .map(({ page }) => page)
    .countByValue()
    .print('pages')

  views
    .map(({ page }) => page)
    .countByValueAndWindow(seconds(10), seconds(2))
    .print('pages of ten seconds')

  views
    .window(seconds(30), seconds(2))
    .map(({ place, status }): [string, number] => [place, status === 200 ? 0 : 1])
    .groupByKey()
    .mapValues((errors) => errors.reduce((sum, one) => sum + one, 0) / errors.length)
    .filter(([, share]) => share > 0.05)
    .map(([place, share]) => `${place}: ${(100 * share).toFixed(0)} % errors`)
    .print('places with errors')

  views
    .window(seconds(15), seconds(2))
    .map(({ user }) => user)
    .transform((users) => users.distinct(), { pure: true })
    .count()
    .map((users) => `${users} users`)
    .print('active users')

  views
    .map(({ user }): [number, string] => [user, ''])
    .transform(
      (users) =>
        users
          .join(parallelize(names))
          .map(([, [, name]]) => name)
          .distinct(),
      { pure: true },
    )
    .print('known users')
})
