import { directoryPlace } from './directory-place.ts'
import { playAll } from './play-all.ts'
import { simulatedPlace } from './simulated-side.ts'

playAll(['directory', 'simulated', 'simulatedVersions'], async (backend, scenario) =>
  backend === 'directory'
    ? directoryPlace(scenario)
    : simulatedPlace(scenario, backend === 'simulatedVersions'),
)
