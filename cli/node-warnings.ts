/** Warnings of Node, in words that help here. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shownPath } from '../lib/tools/shown-paths.ts'

/** Replaces the way in which Node prints its warnings. */
export const explainNodeWarnings = (print: (line: string) => void): void => {
  const said = new Set<string>()
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    const line = lineOf(warning)
    if (line === undefined || said.has(line)) return
    said.add(line)
    print(line)
  })
}

const lineOf = ({ name, message, ...rest }: Error): string | undefined => {
  const { code } = rest as { readonly code?: string }
  // From sources, the page has its types stripped. What ships is compiled.
  if (message.startsWith('stripTypeScriptTypes')) return undefined
  // The error that follows says the same, and what to write.
  if (message.startsWith('Failed to load the ES module')) return undefined
  if (code !== 'MODULE_TYPELESS_PACKAGE_JSON') return `${name}: ${message}`
  const [, file = '', packageJson] =
    /^Module type of (\S+) is not specified[^]*?(?: to (.+)\.)?$/.exec(message) ?? []
  const shown = shownPath(packageJson ?? join(dirname(fileURLToPath(file)), 'package.json'))
  return (
    `${shown} does not say which kind of module it holds, so Node reads each one twice. Write in ` +
    'it: "type": "module"'
  )
}
