import { seconds, stream } from 'millrace'

interface Visit {
  readonly page: string
  readonly seconds: number
}

const readVisit = (line: string): Visit => {
  const [page = '', spent = ''] = line.split(' ')
  if (page === '') throw new RangeError(`no page in "${line}"`)
  return { page, seconds: Number(spent) }
}

/** A total that nobody expected stops it. */
export default stream(
  'visits',
  { batchInterval: seconds(1), retry: { attempts: 3, for: seconds(1) } },
  (ssc) => {
    const visits = ssc.textFileStream('visits').map(readVisit)
    const spent = visits.mapToPair((visit) => [visit.page, visit.seconds])
    const totals = spent.updateStateByKey<number>((values, total = 0) => {
      const sum = values.reduce((one, other) => one + other, total)
      if (Number.isNaN(sum)) throw new TypeError('the total is not a number')
      return sum
    })
    totals.print()
  },
)
