import { batch, type Group, put } from '../scenario.ts'
import { onlyBuckets } from './reasons.ts'

const ODD = [
  'a b',
  'a+b',
  '100%',
  'a%2Bb',
  'ä€日本😀',
  "it's (*)!",
  'a&b=c?d',
  'a;b,c',
  '#1',
  'a"b<c>',
]

export const names: Group = {
  title: 'Names',
  scenarios: [
    {
      name: 'odd names',
      steps: [...ODD.map((name) => put(`in/${name}`)), batch],
      expected: ODD.toSorted().join(', '),
    },
    {
      name: 'the longest name of a file',
      steps: [put(`in/${'x'.repeat(255)}`, { bytes: Buffer.from('long\n') }), batch],
      expected: 'long',
    },
    {
      name: 'the longest key: 1,024 bytes, twice told',
      steps: [put(`in/${'ä'.repeat(510)}x`, { bytes: Buffer.from('long\n') }), batch, batch],
      expected: 'long',
      except: onlyBuckets('a name has 255 bytes at most'),
    },
    {
      name: 'hidden and temporary names',
      steps: [
        put('in/.hidden'),
        put('in/_SUCCESS'),
        put('in/copy._COPYING_'),
        put('in/_temporary/part'),
        put('in/a'),
        batch,
      ],
      expected: 'a',
    },
    {
      name: 'names below others',
      steps: [put('in/sub/deep'), put('in/a'), batch],
      expected: { directory: 'a', bucket: 'a, deep' },
    },
    {
      name: 'markers of folders',
      steps: [
        put('in/sub/', { bytes: new Uint8Array(0), says: 'no bytes' }),
        put('in/', { bytes: new Uint8Array(0), says: 'no bytes' }),
        put('in/sub/a'),
        batch,
      ],
      expected: 'a',
      except: onlyBuckets('a directory has real folders'),
    },
    {
      name: 'a name beside the watched one',
      steps: [put('inside/b'), put('other/c'), put('in/a'), batch],
      expected: 'a',
    },
  ],
}
