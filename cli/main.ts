#!/usr/bin/env node
// This file runs on any Node with ES modules, so that it can say which version is needed. Code that
// needs Node 24 is imported after the check of the version.
import { MillraceError } from '../lib/base/errors.ts'
import { exitCodes } from './exit-codes.ts'

const NODE_MIN = 24

if (Number.parseInt(process.versions.node, 10) < NODE_MIN) {
  const error = new MillraceError('NODE_TOO_OLD', {
    problem: 'Millrace does not run on this version of Node',
    value: process.versions.node,
    allowed: `${NODE_MIN} or newer`,
    fix: 'install Node 24, or, inside a project, npm install --save-dev node@24',
  })
  process.stderr.write(`${error.message}\n`)
  process.exitCode = exitCodes[error.code]
} else {
  const { explainNodeWarnings } = await import('./node-warnings.ts')
  explainNodeWarnings((line) => process.stderr.write(`${line}\n`))
  const { commandLine } = await import('./command-line.ts')
  process.exitCode = await commandLine(process.argv.slice(2))
}
