import { describe } from 'vitest'
import { bound, testRefusals, words } from './refusals.ts'

// Every kind of bad argument, given to the command line as a process.
// Checked: the exit code, the error code, and a message with the problem, the value, what is
// allowed and the fix.

describe('the command line says what is wrong with its arguments', () => {
  testRefusals([
    {
      what: 'an unknown command',
      args: ['walk'],
      exitCode: 2,
      code: 'USAGE',
      says: ['"walk"', 'run, status', 'millrace --help'],
    },
    {
      what: 'an unknown option',
      args: ['run', words, '--onec'],
      exitCode: 2,
      code: 'USAGE',
      says: ["'--onec'", '--once', 'millrace --help'],
    },
    {
      what: 'an option of another command',
      args: ['run', words, '--yes'],
      exitCode: 2,
      code: 'USAGE',
      says: ['"--yes"', '--bind NAME=URI', 'millrace help run'],
    },
    {
      what: 'an option without its value',
      args: ['run', words, '--state'],
      exitCode: 2,
      code: 'USAGE',
      says: ['--state', 'millrace --help'],
    },
    {
      what: 'no module',
      args: ['run'],
      exitCode: 2,
      code: 'USAGE',
      says: ['needs a module', 'millrace run word-count.ts'],
    },
    {
      what: 'two modules',
      args: ['run', words, words],
      exitCode: 2,
      code: 'USAGE',
      says: ['one module'],
    },
    {
      what: 'no store',
      args: ['status'],
      exitCode: 2,
      code: 'USAGE',
      says: ['--state DIR', 'millrace status --state'],
    },
    {
      what: 'two applications at once',
      args: ['status', '--state', 'state', '--app', 'clicks'],
      exitCode: 2,
      code: 'USAGE',
      says: ['one application', '--state state --app clicks', '--app NAME'],
    },
    {
      what: 'an invalid name of an application',
      args: ['status', '--app', 'a b'],
      exitCode: 2,
      code: 'USAGE',
      says: ['"a b"', '64 letters'],
    },
    {
      what: '--since that is neither a time nor an age',
      args: ['redrive', '--state', 's', '--since', 'soon'],
      exitCode: 2,
      code: 'USAGE',
      says: ['--since must be a time', '"soon"', '12h'],
    },
    {
      what: 'a limit of 0',
      args: ['dead-letters', '--app', 'a', '--limit', '0'],
      exitCode: 2,
      code: 'USAGE',
      says: ['"0"', 'from 1'],
    },
    {
      what: '--again for a command that redrives nothing',
      args: ['dead-letters', '--app', 'a', '--again'],
      exitCode: 2,
      code: 'USAGE',
      says: ['--again'],
    },
    {
      what: 'a deployed reset without --yes',
      args: ['reset', '--app', 'clicks'],
      exitCode: 2,
      code: 'USAGE',
      says: ['"clicks"', '--app clicks --yes'],
    },
    {
      what: 'reset without --yes',
      args: ['reset', '--state', 'state'],
      exitCode: 2,
      code: 'USAGE',
      says: ['"state"', '--yes'],
    },
    {
      what: 'an unknown binding',
      args: ['run', words, '--bind', 'lnies=in'],
      exitCode: 2,
      code: 'BINDING_UNKNOWN',
      says: ['"lnies"', 'lines, results', '--bind lines=./in'],
    },
    {
      what: 'a malformed binding',
      args: ['run', words, '--bind', 'in'],
      exitCode: 2,
      code: 'BINDING_INVALID',
      says: ['"in"', 'NAME=URI', '--bind lines=./in'],
    },
    {
      what: 'a malformed URI',
      args: ['run', words, '--bind', 'lines=socket://9999'],
      exitCode: 2,
      code: 'BINDING_INVALID',
      says: ['"socket://9999"', 'socket://HOST:PORT', 'socket://localhost:9999'],
    },
    {
      what: 'an unknown kind of URI',
      args: ['run', words, '--bind', 'lines=ftp://x/'],
      exitCode: 2,
      code: 'BINDING_INVALID',
      says: ['"ftp://x/"', './in'],
    },
    {
      what: 'a bucket without a binding',
      args: ['run', words, '--bind', 'lines=in'],
      exitCode: 2,
      code: 'BINDING_MISSING',
      says: ['s3://results/', '--bind results=./directory'],
    },
    {
      what: 'a missing directory',
      args: ['run', words, ...bound, '--bind', 'lines=nowhere'],
      exitCode: 2,
      code: 'DIRECTORY_MISSING',
      says: ['"nowhere"', 'a directory', '--bind lines=./directory'],
    },
    {
      what: 'a file for a directory',
      files: { file: '' },
      args: ['run', words, ...bound, '--bind', 'lines=file'],
      exitCode: 2,
      code: 'DIRECTORY_MISSING',
      says: ['"file"'],
    },
  ])
})
