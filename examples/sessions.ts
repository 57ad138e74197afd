// Finds when people worked on which part of a project, from its commits: the sessions of each part,
// and how much was done in each hour. Commits come in the order in which they landed, and not in
// the order in which they were made: the time of a commit counts, and not when it comes.
import { hours, minutes, seconds, stream } from 'millrace'

const clock = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ')

export default stream('sessions', { batchInterval: seconds(10) }, (ssc) => {
  const commits = ssc
    .textFileStream('commits', { existing: 'all' })
    .mapToPair((line) => {
      const [time = '', part = ''] = line.split('\t')
      return [part, Date.parse(time)]
    })
    .withEventTime(([, madeMs]) => madeMs, { lateness: hours(6) })

  commits
    .sessionWindow(minutes(45))
    .countByKey()
    .filter(({ value }) => value > 9)
    .map(({ key, window: { start, end }, value }) => {
      const lastMs = end - minutes(45).milliseconds
      return `${clock(start)} to ${clock(lastMs).slice(11)}: ${value} commits of ${key}`
    })
    .print(20)

  const perHour = commits.window(hours(1)).countByKey({ early: true })
  perHour
    .filter(({ key, value }) => key === 'lib' && value > 10)
    .map(({ window, value, kind }) => `${clock(window.start)}: ${value} commits (${kind})`)
    .print()
  perHour.late().saveAsTextFiles('late', { skipEmpty: true })
})
