import { type Findings } from '../source.ts'

/** Texts by their path. */
export type Documents = ReadonlyMap<string, string>

/** Every error code has a section of its own in the document, and every section is about a code. */
export const unexplainedCodes = (codes: readonly string[], document: string): Findings => {
  const sections = new Map(
    document
      .split(/^## /m)
      .slice(1)
      .map((section) => [
        section.split('\n')[0]?.trim().replaceAll('`', '') ?? '',
        section.split('\n').slice(1).join('\n').trim(),
      ]),
  )
  return [
    ...codes
      .filter((code) => !sections.has(code))
      .map((code) => `docs/errors.md does not explain ${code}`),
    ...[...sections]
      .filter(([, text]) => text === '')
      .map(([code]) => `docs/errors.md says nothing about ${code}`),
    ...[...sections.keys()]
      .filter((section) => !codes.includes(section))
      .map((section) => `docs/errors.md explains ${section}, which is no code`),
  ]
}

const CODE_BLOCK =
  /(?:<!-- *(?<file>(?:test\/)?examples\/\S+) *-->\s*)?^```(?:ts|typescript)\n(?<code>.*?)^```/gms

/**
 * A whole program in a document is the text of the example that a comment before it names: `<!--
 * examples/word-count.ts -->`.
 */
export const strayPrograms = (documents: Documents, examples: Documents): Findings =>
  [...documents].flatMap(([path, text]) =>
    [...text.matchAll(CODE_BLOCK)].flatMap(({ groups, index }) => {
      const place = `${path}:${text.slice(0, index).split('\n').length}`
      const { file, code = '' } = groups ?? {}
      if (file === undefined)
        return code.includes('export default stream(')
          ? [`${place} a whole program names no file of examples/`]
          : []
      return examples.get(file)?.trim() === code.trim()
        ? []
        : [`${place} the code is not that of ${file}`]
    }),
  )

/** A document shows an example. */
export const missingProgram = (documents: Documents, path: string, example: string): Findings =>
  documents.get(path)?.includes(`<!-- ${example} -->`) === true
    ? []
    : [`${path} does not show ${example}`]
