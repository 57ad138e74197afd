import { clientsOf } from './clients.ts'
import { deployExample } from './deployment.ts'
import { Services } from './services.ts'
const services = new Services()
const moments = { nowMs: 1_700_000_000_000 }
const clients = clientsOf(services, () => moments.nowMs)
const T = Number(process.argv[2] ?? 10) * 1000,
  R = Number(process.argv[3] ?? 100)
const app = deployExample(clients, moments, T)
const show = (what: string) => {
  const calls = services.takeCalls()
  const trips = Map.groupBy(calls, (c) => c.trip)
  console.log(
    what,
    'trips',
    trips.size,
    'W',
    calls.reduce((s, c) => s + c.writeUnits, 0),
    'R',
    calls.reduce((s, c) => s + c.readUnits, 0),
  )
  if (process.argv[4])
    for (const t of trips.values())
      console.log(
        '    ',
        t.map((c) => `${c.action}${c.bucket ? '@' + c.bucket : ''}(${c.bytes}b w${c.writeUnits} r${c.readUnits})`).join(' + '),
      )
}
await app.driver()
services.takeCalls()
const window = Math.max(1, Math.min(5, Math.floor(T / 2000))) * 1000
for (let t = 0; t < 40 * T; t += 1000) {
  moments.nowMs += 1000
  if (moments.nowMs % window === 0) {
    await app.intake((R * window) / 1000)
    show('intake')
  }
  if (moments.nowMs % T === 0) {
    moments.nowMs += 3
    await app.driver(moments.nowMs - 3)
    show('driver')
    moments.nowMs -= 3
  }
}
