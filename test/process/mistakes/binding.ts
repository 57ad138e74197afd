/** Mistakes in what is read and where results and state go. */
import { type Mistake, pipeline } from './mistake.ts'

export const binding: readonly Mistake[] = [
  {
    mistake: 'Nothing is bound to the source.',
    typed: 'millrace run words.ts --once',
    exitCode: 2,
    code: 'BINDING_MISSING',
    says: ['--bind lines=./', '--bind lines=-', '--demo'],
  },
  {
    mistake: 'The name of the source is misspelled.',
    typed: 'millrace run words.ts --once --bind lnies=in',
    exitCode: 2,
    code: 'BINDING_UNKNOWN',
    says: ['"lnies"', 'lines'],
  },
  {
    mistake: 'The directory is given without the name of the source.',
    typed: 'millrace run words.ts --once --bind in',
    exitCode: 2,
    code: 'BINDING_INVALID',
    says: ['--bind lines=./in'],
  },
  {
    mistake: 'The directory is not there.',
    typed: 'millrace run words.ts --once --bind lines=inn',
    exitCode: 2,
    code: 'DIRECTORY_MISSING',
    says: ['"inn"'],
  },
  {
    mistake: 'A kind of address is used that nobody reads.',
    typed: 'millrace run words.ts --once --bind lines=amqp://localhost:5672/lines',
    exitCode: 2,
    code: 'BINDING_INVALID',
    says: ['amqp://localhost:5672/lines', './in'],
  },
  {
    mistake: 'The port of a socket is forgotten.',
    typed: 'millrace run words.ts --bind lines=socket://localhost',
    exitCode: 2,
    code: 'BINDING_INVALID',
    says: ['socket://HOST:PORT'],
  },
  {
    mistake: 'The results go to a bucket, and run on this machine.',
    files: { 'words.ts': pipeline(`lines.saveAsTextFiles('s3://results/lines')`) },
    typed: 'millrace run words.ts --once --bind lines=in',
    exitCode: 2,
    code: 'BINDING_MISSING',
    says: ['s3://results/', '--bind results='],
  },
  {
    mistake: 'The state goes to a place where a file is.',
    files: { state: '' },
    typed: 'millrace run words.ts --once --bind lines=in --state state',
    exitCode: 5,
    code: 'STORE_FAILED',
    says: ['"state"'],
  },
  {
    mistake: 'The printed results go to a full disk.',
    typed: 'millrace run words.ts --once --bind lines=in > /dev/full',
    exitCode: 3,
    says: ['ENOSPC'],
  },
  {
    mistake: 'The files are older than the start, and only new ones are read.',
    files: {
      'words.ts': pipeline('lines.print()').replace(`, { existing: 'all' }`, ''),
    },
    typed: 'touch -d 2001-01-01 in/a.txt; millrace run words.ts --once --bind lines=in',
    exitCode: 0,
    says: ['a.txt', `existing: 'all'`],
  },
  {
    mistake: 'The directory has no files.',
    typed: 'mkdir none; millrace run words.ts --once --bind lines=none',
    exitCode: 0,
    says: ['lines (files in none)'],
  },
  {
    mistake: 'A second process starts with the same state.',
    typed:
      'millrace run words.ts --bind lines=in > out & ' +
      'until grep -qs lines: out; do sleep 0.1; done; ' +
      'millrace run words.ts --bind lines=in; code=$?; kill $!; exit $code',
    exitCode: 4,
    code: 'STORE_BUSY',
    says: ['stop the other process'],
  },
]
