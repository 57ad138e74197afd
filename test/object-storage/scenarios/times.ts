import { batch, type Group, pass, put, redrive, skew } from '../scenario.ts'
import { COMPLETION, notOnEmulator, onlyBuckets } from './reasons.ts'

const ONE_CLOCK = {
  ...onlyBuckets('the test cannot set the clock of a disk'),
  ...notOnEmulator('it has the clock of the machine'),
}
const MINUTE = 60_000
const WEEK = 7 * 24 * 60 * MINUTE

export const times: Group = {
  title: 'Times',
  scenarios: [
    {
      name: 'there before the first start, with a notification',
      before: [put('in/old')],
      steps: [put('in/a'), batch],
      expected: { directory: 'a; says: 1 left out: beforeStart', bucket: 'a, old' },
    },
    {
      name: "there before the first start, `existing: 'all'`",
      options: { existing: 'all' },
      before: [put('in/old')],
      steps: [put('in/a'), batch],
      expected: 'a, old',
    },
    {
      name: 'comes with the time of two minutes ago',
      steps: [put('in/a', { ageMs: 2 * MINUTE }), put('in/b'), batch],
      expected: { directory: 'b; says: 1 left out: tooOld', bucket: 'a, b' },
      except: notOnEmulator(COMPLETION),
    },
    {
      name: 'comes with the time of a week ago',
      steps: [put('in/a', { ageMs: WEEK }), put('in/b'), batch],
      expected: { directory: 'b; says: 1 left out: tooOld', bucket: 'a, b' },
      except: notOnEmulator(COMPLETION),
    },
    {
      name: "comes with the time of a week ago, `existing: 'all'`",
      options: { existing: 'all' },
      steps: [put('in/a', { ageMs: WEEK }), put('in/b'), batch],
      expected: 'a, b',
      except: notOnEmulator(COMPLETION),
    },
    {
      name: "late by two minutes, `lateFiles: 'ignore'`",
      options: { lateFiles: 'ignore' },
      steps: [put('in/a', { ageMs: 2 * MINUTE }), put('in/b'), batch],
      expected: 'b; says: 1 left out: tooOld',
      except: notOnEmulator(COMPLETION),
    },
    {
      name: "not late, `lateFiles: 'ignore'`",
      options: { lateFiles: 'ignore' },
      steps: [put('in/a'), put('in/b'), batch],
      expected: 'a, b',
    },
    {
      name: "late by a week, `lateFiles: 'take'`",
      options: { lateFiles: 'take' },
      steps: [put('in/a', { ageMs: WEEK }), put('in/b'), batch, batch],
      expected: 'a, b',
      except: notOnEmulator(COMPLETION),
    },
    {
      name: "late by a week, `lateFiles: 'dead-letter'`",
      options: { lateFiles: 'dead-letter' },
      steps: [put('in/a', { ageMs: WEEK }), put('in/b'), batch, batch],
      expected: 'b; dead letter OBJECT_LATE',
      except: notOnEmulator(COMPLETION),
    },
    {
      name: "late by a week, `lateFiles: 'dead-letter'`, redriven",
      options: { lateFiles: 'dead-letter' },
      steps: [put('in/a', { ageMs: WEEK }), batch, redrive, batch],
      expected: 'a',
      except: notOnEmulator(COMPLETION),
    },
    {
      name: "there before the first start, `lateFiles: 'take'`",
      options: { lateFiles: 'take' },
      before: [put('in/old')],
      steps: [put('in/a'), batch],
      expected: { directory: 'a; says: 1 left out: beforeStart', bucket: 'a, old' },
    },
    {
      name: 'the clock of S3 is ahead',
      steps: [skew(10 * MINUTE), put('in/a'), batch],
      expected: 'nothing; says: the clock of the storage is 600 s ahead',
      except: ONE_CLOCK,
    },
    {
      name: 'the clock of S3 was ahead, and the time has come',
      steps: [skew(10 * MINUTE), put('in/a'), batch, pass(10 * MINUTE)],
      expected: 'a; says: the clock of the storage is 600 s ahead',
      except: ONE_CLOCK,
    },
    {
      name: 'the clock of S3 is behind',
      steps: [skew(-10 * MINUTE), put('in/a'), batch],
      expected: 'a; says: the clock of the storage is -599 s ahead',
      except: ONE_CLOCK,
    },
    {
      name: 'the clock of S3 is two seconds ahead',
      steps: [skew(2_000), put('in/a'), batch],
      expected: 'a',
      except: ONE_CLOCK,
    },
    {
      name: 'nobody looks for a week',
      steps: [put('in/a'), pass(WEEK)],
      expected: 'a',
      except: onlyBuckets('only the clock of a test can be moved'),
    },
  ],
}
