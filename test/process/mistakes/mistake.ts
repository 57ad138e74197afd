/** What a person types who makes a mistake, and the page that shows what each is told. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../../tidy/source.ts'
import { putCommand, steady, typeIn } from '../shell.ts'
import { type Ended, WarmProcess } from '../warm-process.ts'

/** A mistake, as a person makes it: files in a directory, and what is typed there. */
export interface Mistake {
  /** What the person did, in one sentence. */
  readonly mistake: string
  /** Files besides those of {@link project}. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Commands that go well, before the one with the mistake. */
  readonly before?: string
  readonly typed: string
  readonly exitCode: number
  /** The stable code. None: it is no error, and a line says what to know. */
  readonly code?: string
  /** What the message must say besides: the value, and what to write. */
  readonly says: readonly string[]
}

/** What a person was told. */
export interface Told {
  readonly exitCode: number | null
  /** Without times and places, which are others in each run. */
  readonly text: string
}

/** A pipeline that is right, with these operators between the lines and the end. */
export const pipeline = (body: string, settings = 'batchInterval: seconds(1)'): string =>
  `import { seconds, minutes, StateSpec, stream } from 'millrace'
export const names = [seconds, minutes, StateSpec]
export default stream('words', { ${settings} }, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' })
  ${body}
})
`

/** What is in each directory, unless a mistake has other files of these names. */
const project: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "words", "type": "module" }\n',
  'words.ts': pipeline(`lines.flatMap((line) => line.split(' ')).countByValue().print()`),
  'in/a.txt': 'mill race mill\n',
}

const warmProcess = new WarmProcess()

/** A line in which a shell does nothing but to divide it. */
const PLAIN = /^millrace( [\w./:=-]+)*$/

const answerTo = (place: string, line: string): Promise<Ended> =>
  PLAIN.test(line)
    ? warmProcess.carryOut({ cwd: place, args: line.split(' ').slice(1) })
    : typeIn(place, line)

/** Makes the directory, types the command there, and gives what was said. */
export const make = async ({ files = {}, before, typed }: Mistake): Promise<Told> => {
  const place = mkdtempSync(join(tmpdir(), 'millrace-mistake-'))
  try {
    const put = (name: string, content: string | Uint8Array): void => {
      mkdirSync(dirname(join(place, name)), { recursive: true })
      writeFileSync(join(place, name), content)
    }
    for (const [name, content] of Object.entries({ ...project, ...files })) put(name, content)
    putCommand(place)
    symlinkSync(root, join(place, 'node_modules', 'millrace'))
    if (before !== undefined) {
      const { exitCode, stderr } = await answerTo(place, before)
      if (exitCode !== 0) throw new Error(`"${before}" went wrong:\n${stderr}`)
    }
    const { exitCode, stdout, stderr } = await answerTo(place, typed)
    // Without what the pipeline prints.
    const said = stdout.split('\n').filter((line) => /^(Done|To see|Stopped|Waiting)/.test(line))
    return { exitCode, text: steady([stderr.trimEnd(), ...said].join('\n').trim(), place) }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}
