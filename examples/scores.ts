import { seconds, stream } from 'millrace'
import { postgres } from 'millrace/postgres'

export default stream('scores', { batchInterval: seconds(1) }, (ssc) => {
  const games = ssc.textFileStream('games', { existing: 'all' }).map((line) => line.split(','))

  // Each game is a row of `games`, once.
  games.saveTo(
    postgres('scores', {
      table: 'games',
      mode: 'append',
      batchTime: 'batch_time',
      row: ([player, points]) => ({ player, points: Number(points) }),
    }),
  )

  // The newest row of each player is in `totals`.
  games
    .mapToPair(([player = '', points]) => [player, Number(points)])
    .updateStateByKey<{ points: number; games: number }>((scored, total) => ({
      points: scored.reduce((a, b) => a + b, total?.points ?? 0),
      games: scored.length + (total?.games ?? 0),
    }))
    .named('totals')
    .saveTo(postgres('scores', { table: 'totals', key: 'player' }))
})
