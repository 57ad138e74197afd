/**
 * `node loop.ts DIRECTORY OUTPUT`: the word count, as somebody writes it by hand who wants it to be
 * fast and to take little memory. Its output is that of the pipeline in word-count.ts.
 */
import { createReadStream, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [directory = '', output = ''] = process.argv.slice(2)
const counts = new Map<string, number>()

const countWords = (line: string): void => {
  for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
}

for (const name of readdirSync(directory)) {
  let rest = ''
  for await (const chunk of createReadStream(join(directory, name), 'utf8')) {
    const lines = `${rest}${String(chunk)}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) countWords(line)
  }
  if (rest !== '') countWords(rest)
}
const words = [...counts.keys()].sort()
writeFileSync(output, words.map((word) => `${word} ${counts.get(word)}\n`).join(''))
