/** What each command does, in one line: for the help, and for shells that show it. */
export const SUMMARIES: Readonly<Record<string, string>> = {
  init: 'make a project: a pipeline, its test and data',
  run: 'run the pipeline that the module exports',
  dev: 'run it over a sample on each save, and see what changes',
  receive: 'feed sources of a deployed application from this machine',
  ui: 'a page with time lines, batches, plan, state and dead letters',
  status: 'show the state of an application, also while it runs',
  batches: 'list what batches took, and how long; --watch goes on',
  doctor: 'what does not fit, why, and what to change, by the last batches',
  cost: 'what it has used, and what that costs',
  state: 'list states; get, scan, count, export or import one',
  resume: 'try a failed batch again',
  skip: 'skip the batch that fails, or give up a source',
  plan: 'see its stages, what runs where, and why',
  replay: 'run past batches again, and see what a fix changes',
  check: 'see whether a changed pipeline fits what is stored',
  reset: 'remove all totals and start from nothing',
  'dead-letters': 'list the records that were put aside',
  redrive: 'process them again, after you have fixed the code',
  completion: 'the script with which bash, zsh or fish completes commands and options',
  help: 'options and examples of one command',
}

/** Commands that are not written by their name alone. */
const WRITTEN: Readonly<Record<string, string>> = {
  run: 'run MODULE',
  dev: 'dev MODULE',
  receive: 'receive MODULE',
  plan: 'plan MODULE',
  replay: 'replay MODULE',
  check: 'check MODULE',
  help: 'help COMMAND',
  completion: 'completion SHELL',
}

const WRITTEN_WIDTH = 25

/** All commands, each in a line. */
export const commandList: string = Object.entries(SUMMARIES)
  .map(
    ([name, summary]) =>
      `  ${`millrace ${WRITTEN[name] ?? name}`.padEnd(WRITTEN_WIDTH)} ${summary}`,
  )
  .join('\n')
